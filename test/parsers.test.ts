import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { fuzzTargetNames } from "../bench/fuzz/parsers/targets.ts";

// Whatever reads bytes from outside is fuzzed from its first commit on: a room with a parser has a target.

const root = resolve(import.meta.dirname, "..");
const rooms = ["protocol", "base", "server", "simulator", "scenarios", "reports", "cli"];

/** Functions named like a parser, of bytes or a text, and classes that decode. */
const parser =
  /^export (?:(?:async )?function\*? (?:parse|decode|read)[A-Z]\w*\(\s*\w+: (?:Uint8Array|Buffer|string|unknown)\b|class \w+(?:Decoder|Framer)\b)/m;

/** Rooms whose parsers read nothing of strangers, or are reached through another room, and why. */
const exempt: Readonly<Record<string, string>> = {
  cli: "YAML whose settings protocol/docsis reads",
  "cli/run": "the command line",
  "cli/run/plan": "lists a folder of the operator",
  "cli/run/result": "a file of our own behind a check sum",
  "server/config/edge": "reads the file that server/config/grammar parses",
  "server/dhcp/loop/edge": "the kernel's table of interfaces",
  "server/ha/edge": "the operator's key",
  "server/metrics/edge": "the command line",
  "server/process": "reads a file whole",
  "server/trace/edge": "reads the records that server/trace decodes",
};

function parserRooms(): string[] {
  const files = rooms.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !/\.(test|testing)\.ts$/.test(name))
      .map((name) => join(room, name)),
  );
  const withParser = files.filter((path) => parser.test(readFileSync(join(root, path), "utf8")));
  return [...new Set(withParser.map((path) => dirname(path)))].toSorted();
}

/** The rooms that the targets import from, themselves or through what else is in bench/. */
function targetRooms(): ReadonlySet<string> {
  const reached = new Set(fuzzTargetNames.map((name) => `bench/fuzz/parsers/${name}.ts`));
  for (const path of reached) {
    if (!path.startsWith("bench/")) continue;
    const text = readFileSync(join(root, path), "utf8");
    for (const [, specifier] of text.matchAll(/^import [^;]*?from "(\.[^"]+)"/gm)) {
      reached.add(join(dirname(path), specifier!));
    }
  }
  return new Set([...reached].map((path) => dirname(path)));
}

test("every room that parses what comes from outside has a fuzz target", () => {
  const fuzzed = targetRooms();
  const found = parserRooms();
  expect(found.length).toBeGreaterThan(15);
  expect(found.filter((room) => !fuzzed.has(room) && !(room in exempt))).toEqual([]);
  // An exemption of a room that is fuzzed, or has no parser, says nothing.
  expect(Object.keys(exempt).filter((room) => fuzzed.has(room) || !found.includes(room))).toEqual(
    [],
  );
});
