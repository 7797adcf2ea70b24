// Chance, and secrets.
import { randomBytes } from "node:crypto";

/** A secret of 256 bits, in letters, digits, "-" and "_". */
export const random = () => randomBytes(32).toString("base64url");
export const chance = (share) => Math.random() < share;
export const pick = (list) => list[Math.floor(Math.random() * list.length)];
