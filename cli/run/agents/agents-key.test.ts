import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { AgentsKey, readAgentsKey } from "./agents-key.ts";

const key = new AgentsKey("a key of the agents");
const value = Buffer.from("17");

test("a sealed value opens under its own name", () => {
  expect(key.open("runs/1/start", key.seal("runs/1/start", value))).toEqual(value);
  expect(key.open("runs/1/opened", key.seal("runs/1/opened", Buffer.alloc(0)))).toEqual(
    Buffer.alloc(0),
  );
});

describe("nothing else opens", () => {
  const sealed = key.seal("runs/1/start", value);
  const changed = Buffer.from(sealed);
  changed[changed.length - 1] ^= 1;
  test.each<[string, string, Uint8Array]>([
    ["the value of another run", "runs/2/start", sealed],
    ["another value of the run", "runs/1/end", sealed],
    [
      "a name that takes the value's first octet",
      "runs/1/start\x001",
      Buffer.concat([sealed.subarray(0, 32), sealed.subarray(33)]),
    ],
    ["a changed value", "runs/1/start", changed],
    ["a plain value", "runs/1/start", value],
    ["a seal that is cut short", "runs/1/start", sealed.subarray(0, 31)],
    ["nothing", "runs/1/start", new Uint8Array(0)],
    [
      "another key's",
      "runs/1/start",
      new AgentsKey("another key here").seal("runs/1/start", value),
    ],
  ])("%s", (_, name, bytes) => {
    expect(key.open(name, bytes)).toBeUndefined();
  });
});

describe("the key's file", () => {
  const folder = mkdtempSync(join(tmpdir(), "provlab-agents-key-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const fileOf = (name: string, text: string, mode = 0o600): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };

  test("blanks at its end do not count", () => {
    const [one, other] = ["0123456789abcdef", "0123456789abcdef\n"].map((text, index) =>
      readAgentsKey(fileOf(`key${index}`, text)),
    );
    expect(other.open("x", one.seal("x", value))).toEqual(value);
  });

  test.each<[string, () => string, RegExp]>([
    [
      "others may read",
      () => fileOf("open", "0123456789abcdef", 0o644),
      /others may read the agents' key; chmod 600/,
    ],
    [
      "too short",
      () => fileOf("short", "secret\n"),
      /fewer than 16 characters; make one with openssl/,
    ],
    ["not there", () => join(folder, "none"), /none: the agents' key cannot be read \(ENOENT\)/],
  ])("%s", (_, path, words) => {
    expect(() => readAgentsKey(path())).toThrow(words);
  });
});
