import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasProcess } from "../../lab/machine/leftovers.ts";
import { runToEnd } from "../../lab/machine/run-to-end.ts";

/** The reference cannot be checked out or built: the message says what git, npm or the compiler said. */
export class CheckoutError extends Error {
  override readonly name = "CheckoutError";
}

export interface ReferenceTree {
  /** The full commit. */
  readonly commit: string;
  readonly folder: string;
  /** Removes the worktree; idempotent and synchronous, so that an exit handler can do it. */
  readonly remove: () => void;
}

const PREFIX = "provlab-against-";
const OWNER_FILE = "owner";
const GIT_MS_MAX = 60_000;
const BUILD_MS_MAX = 300_000;
const OUTPUT_CHARACTERS_MAX = 4000;

/**
 * A worktree of `reference` beside the repository's own, which stays as it is, with its dependencies and
 * its `dist`. Dependencies are linked where both lock files are the same, else installed. Throws
 * CheckoutError, with nothing left behind.
 */
export async function checkOutReference(
  repository: string,
  reference: string,
  signal: AbortSignal,
): Promise<ReferenceTree> {
  removeAbandoned(repository);
  const commit = resolve(repository, reference);
  const parent = mkdtempSync(join(tmpdir(), PREFIX));
  writeFileSync(join(parent, OWNER_FILE), String(process.pid));
  const folder = join(parent, "tree");
  const remove = (): void => removeTree(repository, parent);
  try {
    git(repository, "worktree", "add", "--detach", folder, commit);
    if (hasSameLock(repository, folder)) {
      symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
    } else {
      await run(folder, ["npm", "ci", "--ignore-scripts"], signal);
    }
    await run(folder, ["npm", "run", "--silent", "build"], signal);
    if (!existsSync(join(folder, "dist", "cli", "main.js"))) {
      throw new CheckoutError(`${reference} builds, but without dist/cli/main.js`);
    }
    return { commit, folder, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** The full commit that a branch, tag or abbreviation stands for. */
export function resolve(repository: string, reference: string): string {
  // A reference that looks like an option must not be taken for one.
  return git(repository, "rev-parse", "--verify", "--end-of-options", `${reference}^{commit}`);
}

/** Removes what a killed program left behind; what a running one uses stays. */
function removeAbandoned(repository: string): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const parent = join(tmpdir(), name);
    const owner = ownerOf(parent);
    if (owner !== undefined && !hasProcess(owner)) removeTree(repository, parent);
  }
}

/** Undefined while the folder is being made, and for a folder that is not ours. */
function ownerOf(parent: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(parent, OWNER_FILE), "latin1"));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function removeTree(repository: string, parent: string): void {
  // The link goes first: it leads to the repository's own modules.
  rmSync(join(parent, "tree", "node_modules"), { recursive: true, force: true });
  rmSync(parent, { recursive: true, force: true });
  git(repository, "worktree", "prune");
}

function hasSameLock(repository: string, folder: string): boolean {
  const [ours, theirs] = [repository, folder].map((root) => {
    const path = join(root, "package-lock.json");
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  });
  return ours === theirs && existsSync(join(repository, "node_modules"));
}

function git(repository: string, ...args: readonly string[]): string {
  try {
    return execFileSync("git", ["-C", repository, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: GIT_MS_MAX,
    }).trim();
  } catch (error) {
    const said = String((error as { readonly stderr?: unknown }).stderr ?? error).trim();
    throw new CheckoutError(`git ${args.join(" ")}: ${said}`, { cause: error });
  }
}

async function run(
  folder: string,
  [program, ...args]: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<void> {
  const what = `${program} ${args.join(" ")} in ${folder}`;
  const end = await runToEnd([program, ...args], { signal, folder, msMax: BUILD_MS_MAX }).catch(
    (error: unknown) => {
      signal.throwIfAborted();
      throw new CheckoutError(`${what}: ${String(error)}`, { cause: error });
    },
  );
  if (end.status === 0) return;
  const how = end.isOver ? "took too long" : `failed (${end.status})`;
  throw new CheckoutError(`${what} ${how}:\n${end.output.trim().slice(-OUTPUT_CHARACTERS_MAX)}`);
}

/** Where blocks leave their files: on the disk of the working tree, whose syncs are measured. */
export function workFolder(root: string): string {
  const folder = join(root, "runs", "against");
  mkdirSync(folder, { recursive: true });
  return mkdtempSync(join(folder, "work-"));
}
