import { createHmac } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { StartError } from "../../process/start-error.ts";
import { readHeartbeatKey } from "./heartbeat-key.ts";

const folder = mkdtempSync(join(tmpdir(), "provlab-key-"));
afterAll(() => rmSync(folder, { recursive: true }));

function keyFile(text: string, mode = 0o600): string {
  const path = join(folder, "key");
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

test("HA-29: the same text in both files is the same key", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const expected = createHmac("sha256", "prov").update(bytes).digest();
  expect(readHeartbeatKey(keyFile("prov"))(bytes)).toEqual(expected);
  expect(readHeartbeatKey(keyFile("prov\n"))(bytes)).toEqual(expected);
});

test.each<readonly [string, () => string, string]>([
  [
    "others may read it",
    () => keyFile("prov", 0o640),
    "others may read the heartbeat key; chmod 600",
  ],
  ["it is empty", () => keyFile(" \n"), "the heartbeat key is empty"],
  ["it is too long", () => keyFile("x".repeat(1025)), "longer than 1024 bytes"],
  ["it is not there", () => join(folder, "none"), "cannot be read (ENOENT)"],
  ["it is a folder", () => folder, "is not a file"],
])("refused: %s", (_, path, message) => {
  const file = path();
  expect(() => readHeartbeatKey(file)).toThrow(StartError);
  expect(() => readHeartbeatKey(file)).toThrow(message);
});
