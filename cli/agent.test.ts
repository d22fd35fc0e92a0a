import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runAgent } from "./agent.ts";
import { captureOutput } from "./output.testing.ts";
import { runRun } from "./run/command.ts";

const said = captureOutput();
const folder = mkdtempSync(join(tmpdir(), "provlab-agent-"));
const key = join(folder, "agents.key");
const etcd = ["--etcd", "http://127.0.0.1:1"];

beforeAll(() => writeFileSync(key, "a key of some agents", { mode: 0o600 }));
afterAll(() => rmSync(folder, { recursive: true }));

const keyed = [...etcd, "--agents-key", key];
const toRun = ["scenarios/quick.yaml", "--out", join(folder, "out"), "--report", "none"];

test.each<[string, readonly string[], RegExp]>([
  ["no key", etcd, /--agents-key is missing: make a key with \(umask 077; openssl rand -hex 32/],
  [
    "a key that is not there",
    [...etcd, "--agents-key", "/no/key"],
    /\/no\/key: the agents' key cannot/,
  ],
  [
    "a name for a network",
    [...keyed, "--allow-target", "lab.example"],
    /--allow-target lab.example: write/,
  ],
  ["host bits", [...keyed, "--allow-target", "10.0.0.1/24"], /such as 10.99.0.1 or 10.99.0.0\/24/],
])("prov agent with %s is a mistake", async (_, args, words) => {
  expect(await runAgent(args)).toBe(2);
  expect(said.stderr).toMatch(words);
});

test.each<[string, readonly string[], RegExp]>([
  ["no key", ["--agents", "2", ...etcd], /--agents-key is missing/],
  ["a capture", ["--agents", "2", ...keyed, "--pcap", "x"], /--pcap: agents write no files/],
])("prov run --agents with %s is a mistake", async (_, args, words) => {
  expect(await runRun([...toRun, ...args])).toBe(2);
  expect(said.stderr).toMatch(words);
});
