// What the SMTP server received, read as a person reads it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "@playwright/test";

export class Mails {
  #taken = new Set();

  constructor(folder) {
    this.folder = folder;
  }

  #all() {
    const files = readdirSync(this.folder).filter((file) => file.endsWith(".json")).sort();
    return files.map((file) => ({ file, ...JSON.parse(readFileSync(join(this.folder, file), "utf8")) }));
  }

  /** Every mail to that address so far, in the order of arrival. */
  to(address) {
    return this.#all().filter((mail) => mail.envelope_to.includes(address));
  }

  /** Waits for the oldest mail to that address that was not read yet and has that subject. */
  async next(address, subject) {
    let found;
    await expect.poll(() => {
      found = this.to(address).find((mail) => !this.#taken.has(mail.file) && subject.test(mail.subject));
      return found !== undefined;
    }, { message: `a mail to ${address} about ${subject}`, timeout: 15_000 }).toBe(true);
    this.#taken.add(found.file);
    return letter(found);
  }
}

/** A mail with what a person looks for in it: the code, and links by their path. */
export function letter(mail) {
  return {
    ...mail,
    get code() {
      const codes = mail.text.match(/\b\d{6}\b/g) ?? [];
      expect(new Set(codes).size, `one code in “${mail.subject}”`).toBe(1);
      return codes[0];
    },
    link(path) {
      const links = mail.text.match(/https?:\/\/\S+/g) ?? [];
      const found = links.find((link) => new URL(link).pathname.startsWith(path));
      expect(found, `a link to ${path} in “${mail.subject}”`).toBeTruthy();
      return found;
    },
  };
}
