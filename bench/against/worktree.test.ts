import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CheckoutError, checkOutReference, resolve } from "./worktree.ts";

const never = new AbortController().signal;
let repository: string;
let temporary: string;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "provlab-worktree-test-"));
  // What is under test looks for worktrees there, and must not meet those of others.
  vi.stubEnv("TMPDIR", temporary);
  repository = join(temporary, "repository");
  mkdirSync(join(repository, "node_modules", "kept"), { recursive: true });
  write(".gitignore", "node_modules\ndist\n");
  write("package-lock.json", '{"name":"x","version":"1.0.0","lockfileVersion":3,"packages":{}}\n');
  write("build.mjs", buildOf("first"));
  write("package.json", JSON.stringify({ scripts: { build: "node build.mjs" } }));
  git("init", "--quiet", "--initial-branch", "main");
  git("config", "user.email", "test@example.org");
  git("config", "user.name", "Test");
  commitAll("first");
  git("tag", "first");
  write("build.mjs", buildOf("second"));
  commitAll("second");
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(temporary, { recursive: true });
});

const buildOf = (text: string): string =>
  'import { mkdirSync, writeFileSync } from "node:fs";\n' +
  'mkdirSync("dist/cli", { recursive: true });\n' +
  `writeFileSync("dist/cli/main.js", "${text}");\n`;

function write(name: string, text: string): void {
  writeFileSync(join(repository, name), text);
}

function git(...args: readonly string[]): string {
  return execFileSync("git", ["-C", repository, ...args], { encoding: "utf8" }).trim();
}

function commitAll(message: string): void {
  git("add", "--all");
  git("commit", "--quiet", "--message", message);
}

const worktrees = (): number =>
  git("worktree", "list", "--porcelain").match(/^worktree /gm)!.length;
const leftBehind = (): readonly string[] =>
  readdirSync(temporary).filter((name) => name.startsWith("provlab-against-"));

test("builds the reference beside a working tree that stays as it is", async () => {
  write("build.mjs", "changed, and not committed");
  const tree = await checkOutReference(repository, "first", never);
  expect(tree.commit).toBe(git("rev-parse", "first"));
  expect(existsSync(join(tree.folder, "dist", "cli", "main.js"))).toBe(true);
  expect(realpathSync(join(tree.folder, "node_modules"))).toBe(
    realpathSync(join(repository, "node_modules")),
  );
  expect(git("status", "--porcelain")).toBe("M build.mjs");
  expect(existsSync(join(repository, "dist"))).toBe(false);
  tree.remove();
  tree.remove();
  expect([worktrees(), leftBehind()]).toEqual([1, []]);
  expect(existsSync(join(repository, "node_modules", "kept"))).toBe(true);
});

test("a reference that does not build leaves nothing behind", async () => {
  write("build.mjs", 'throw new Error("broken on purpose");\n');
  commitAll("broken");
  await expect(checkOutReference(repository, "main", never)).rejects.toThrow("broken on purpose");
  write("build.mjs", "\n");
  commitAll("without an output");
  await expect(checkOutReference(repository, "main", never)).rejects.toThrow("without dist");
  expect([worktrees(), leftBehind()]).toEqual([1, []]);
});

test("an interruption leaves nothing behind", async () => {
  write("build.mjs", "setInterval(() => {}, 1000);\n");
  commitAll("endless");
  const abort = new AbortController();
  const building = checkOutReference(repository, "main", abort.signal);
  abort.abort(new Error("interrupted"));
  await expect(building).rejects.toThrow("interrupted");
  expect([worktrees(), leftBehind()]).toEqual([1, []]);
});

test("what a killed program left behind goes, what a living one uses stays", async () => {
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  const left = await checkOutReference(repository, "first", never);
  writeFileSync(join(dirname(left.folder), "owner"), String(dead));
  const used = await checkOutReference(repository, "first", never);
  expect(existsSync(left.folder)).toBe(false);
  const another = await checkOutReference(repository, "main", never);
  expect(existsSync(used.folder)).toBe(true);
  used.remove();
  another.remove();
  expect([worktrees(), leftBehind()]).toEqual([1, []]);
});

test.each(["nowhere", "--help", "first:build.mjs"])("refuses %s", (reference) => {
  expect(() => resolve(repository, reference)).toThrow(CheckoutError);
});
