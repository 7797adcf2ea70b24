// The embedded database beside other programs: a backup, `sqlite3`, the command line.
import { expect, signInAt, test } from "./support/fixtures.mjs";
import { Server } from "./support/server.mjs";

test("another program that opens and closes the database file takes nothing from the server", async ({ page, elsewhere }) => {
  const server = await Server.start("visited");
  const before = await server.person();
  await signInAt(page, server, before);
  expect(await server.visit("SELECT count(*) FROM users")).toEqual([[1]]);
  // What the server writes from now on is seen by everybody, and stays.
  const person = await server.person("Ben Example");
  const other = await elsewhere();
  await signInAt(other, server, person);
  expect(await server.visit("SELECT count(*) FROM browser_sessions")).toEqual([[2]]);
  expect(await server.visit("PRAGMA integrity_check")).toEqual([["ok"]]);
  await server.stop();
  expect(await server.visit("SELECT count(*) FROM browser_sessions")).toEqual([[2]]);
});
