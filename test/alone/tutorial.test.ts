import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { ip, missingPeers } from "../interop/namespaces.testing.ts";
import { missingPiece, type Step, stepsOf, withoutFigures } from "./tutorial.testing.ts";

// docs/tutorial.md as a reader goes through it: saves each file, types each command, compares. `npx` is a
// short cut to the compiled `prov`, because npm takes a second a call; the first test uses the real one.

const root = resolve(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/tutorial.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "provlab-tutorial-"));
const bin = join(folder, "bin");
const desk = join(folder, "provlab");
const INVALID = 98;
const MISSED = 99;
const triesMax = 3;
const blockMsMax = 120_000;

beforeAll(() => {
  mkdirSync(bin);
  mkdirSync(desk);
  symlinkSync(join(root, "scenarios"), join(desk, "scenarios"));
  const prov = join(root, "dist/cli/main.js");
  const shortCut = `#!/bin/sh\n[ "$1" = prov ] || exit 127\nshift\nexec "${process.execPath}" "${prov}" "$@"\n`;
  writeFileSync(join(bin, "npx"), shortCut, { mode: 0o755 });
});

afterAll(() => {
  // Section 8 leaves servers and namespaces behind when it fails between their start and their end.
  for (const pidFile of [join(desk, "trial/dhcpd.pid"), join(desk, "trial/isc.pid")]) {
    if (existsSync(pidFile)) spawnSync("kill", [readFileSync(pidFile, "utf8").trim()]);
  }
  for (const name of shells.flatMap((pid) => [`headend-${pid}`, `plant-${pid}`])) {
    if (existsSync(join("/run/netns", name))) ip("netns", "delete", name);
  }
  rmSync(folder, { recursive: true });
});

/** The process ids of the shells: a step names its namespaces after its own. */
const shells: number[] = [];

function bash(script: string) {
  const ran = spawnSync("bash", ["-e", "-o", "pipefail", "-c", script], {
    cwd: desk,
    encoding: "utf8",
    timeout: blockMsMax,
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"]}`, NO_COLOR: "1" },
  });
  shells.push(ran.pid);
  return ran;
}

/**
 * Other programs disturb a run: it says that it is invalid, and the page says: run it again. Or the server was
 * slow, and a threshold is missed.
 */
function undisturbed(script: string, status: number) {
  for (let tries = 1; ; tries += 1) {
    const ran = bash(script);
    const isDisturbed = ran.status === INVALID || ran.status === MISSED;
    if (!isDisturbed || ran.status === status || tries === triesMax) return ran;
  }
}

function isInstalled(program: string): boolean {
  const path = `${process.env["PATH"]}${delimiter}/usr/sbin`;
  return path.split(delimiter).some((place) => existsSync(join(place, program)));
}

/** What the test types instead of commands that take minutes: the same scenarios, explained. */
function explained(script: string): string {
  return script.replaceAll("prov run", "prov scenario explain");
}

function play(step: Step): void {
  if (step.kind === "save") {
    mkdirSync(dirname(join(desk, step.path)), { recursive: true });
    writeFileSync(join(desk, step.path), step.text);
    const schema = /\$schema=(\S+)/.exec(step.text)?.[1];
    if (schema !== undefined) expect(existsSync(join(desk, dirname(step.path), schema))).toBe(true);
    return;
  }
  const script = step.needs === "minutes" ? explained(step.script) : step.script;
  const { status, stdout, stderr } = undisturbed(script, step.status);
  expect({ status, stderr: status === step.status ? "" : `${stdout}${stderr}` }).toEqual({
    status: step.status,
    stderr: "",
  });
  if (step.shown === undefined) return;
  const missing = missingPiece(step.shown, stdout);
  expect(missing, `line ${step.line} shows what is not in:\n${withoutFigures(stdout)}`).toBe(
    undefined,
  );
}

/** Why this machine cannot play the step; undefined when it can. `needs` has commas between them. */
function missingFor(step: Step): string | undefined {
  if (step.kind === "save" || step.needs === undefined || step.needs === "minutes")
    return undefined;
  for (const need of step.needs.split(",")) {
    const missing = need === "root" ? missingPeers([]) : undefined;
    if (missing !== undefined) return missing;
    if (need !== "root" && !isInstalled(need)) return `not installed: ${need}`;
  }
  return undefined;
}

describe("the tutorial", () => {
  test("npx finds prov in a checkout", () => {
    const ran = spawnSync("npx", ["--no-install", "prov", "--version"], {
      cwd: root,
      encoding: "utf8",
      timeout: blockMsMax,
    });
    expect(ran.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  // What needs the network is `npm ci`, and these tests come after it.
  const steps = stepsOf(page).filter((step) => step.kind === "save" || step.needs !== "network");
  for (const step of steps) {
    const what = step.kind === "save" ? `save ${step.path}` : step.script.split("\n")[0];
    describeUnless(missingFor(step), `line ${step.line}`, () => {
      test(what, { timeout: triesMax * blockMsMax }, () => play(step));
    });
  }
});

describe("how the page is read", () => {
  test("files, commands with status and needs, output", () => {
    const page =
      "```yaml title=a/b.yaml\nx: 1\n```\n\n```sh needs=dhcpd\nfalse   # exits 1\n```\n\n";
    expect(
      stepsOf(`# Title\n${page}\`\`\`text\nno\n\`\`\`\n\`\`\`yaml\nlook: at\n\`\`\`\n`),
    ).toEqual([
      { kind: "save", line: 2, path: "a/b.yaml", text: "x: 1\n" },
      { kind: "run", line: 6, script: "false   # exits 1", needs: "dhcpd", status: 1, shown: "no" },
    ]);
  });

  test.each([
    ["an unknown block", "```js\n1\n```"],
    ["output of nothing", "```text\n1\n```"],
    ["a second output", "```sh\n1\n```\n```text\n1\n```\n```text\n1\n```"],
    ["a block without an end", "```sh\n1"],
  ])("%s is a mistake", (_, page) => {
    expect(() => stepsOf(page)).toThrow(/^line \d+: /);
  });

  test.each([
    ["1.4 s, CPU 19 %", "13 ms,\n  CPU 9 %", undefined],
    ["took 1 min 25 s", "took 940 ms", undefined],
    ["p50 +11.5 %", "p50 -1,234 %", undefined],
    ["4 of 4 hold", "3 of 4 fail", "N of N hold"],
    ["b", "a b", "b"],
    ["…\nb", "a b", undefined],
    ["a", "a b", "a"],
    ["a\n…", "a b", undefined],
    ["a\n…\nc", "a b c", undefined],
    ["a\n…\nb", "b a", "a"],
    ["b\n…\nb", "b", "b"],
    ["…\nc\n…\nb\n…", "a b c", "b"],
  ])("shown %j beside %j lacks %j", (shown, output, missing) => {
    expect(missingPiece(shown, output)).toBe(missing);
  });
});
