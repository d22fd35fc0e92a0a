import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

interface FolderRule {
  /** Folders of ours that this one may import. */
  readonly folders: readonly string[];
  /** Packages that this one may import. */
  readonly packages: readonly string[];
  /** `node:*` modules: "any", or a list by file (a prefix of the path). */
  readonly node: "any" | Readonly<Record<string, readonly string[]>>;
}

// The direction of imports: the table that keeps cores pure and server and simulator apart.
const rules: Readonly<Record<string, FolderRule>> = {
  protocol: {
    folders: [],
    packages: [],
    node: {
      "protocol/": ["node:buffer"],
      "protocol/docsis/mic.ts": ["node:crypto"],
      "protocol/docsis/mta-config.ts": ["node:crypto"],
    },
  },
  base: {
    folders: ["protocol"],
    packages: ["koffi", "hdr-histogram-js", "tinypool"],
    node: {
      "base/clock.ts": ["node:perf_hooks"],
      "base/histogram-encoding.ts": ["node:zlib"],
      "base/net/": ["any"],
      "base/worker-pool.ts": ["node:os"],
    },
  },
  scenarios: {
    folders: ["base", "protocol"],
    packages: ["zod", "yaml", "fflate"],
    node: { "scenarios/servers/boot-files.ts": ["node:zlib"] },
  },
  server: { folders: ["protocol", "base"], packages: [], node: "any" },
  simulator: { folders: ["protocol", "base", "scenarios"], packages: [], node: "any" },
  reports: {
    folders: ["base", "scenarios"],
    packages: ["csv-stringify", "zod"],
    node: { "reports/write-": ["any"] },
  },
  lab: {
    folders: ["base", "protocol", "scenarios", "reports"],
    packages: ["yaml"],
    node: "any",
  },
};

/**
 * Only an edge may own a socket, a file, a thread or a clock. What stands in a folder named `edge` is one,
 * and so is what stands in these rooms: they have nothing to decide.
 */
const edgeRooms = [
  "server",
  "server/control",
  "server/dhcp/names",
  "server/process",
  "server/service",
  "server/service/loop",
];

function isEdge(path: string): boolean {
  const folder = dirname(path);
  return basename(folder) === "edge" || edgeRooms.includes(folder);
}

const impure: readonly (readonly [string, RegExp])[] = [
  ["Date.now", /\bDate\.now\b/],
  ["new Date()", /\bnew Date\(\)/],
  ["Math.random", /\bMath\.random\b/],
  ["setTimeout", /\b(setTimeout|setInterval|setImmediate)\b/],
  ["console", /\bconsole\./],
  ["process", /(?<![.\w])process\.\w/],
  ["async", /\basync\b/],
];

const nodeModule = /from "node:(?!buffer)/;

function sourcesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

const isTest = (path: string): boolean => /\.(test|testing)\.ts$/.test(path);

function importsOf(path: string, what: "values" | "all" = "all"): string[] {
  const text = readFileSync(join(root, path), "utf8");
  const statements = text.matchAll(/^(?:import|export)\b( type\b)?[^;]*?from\s+"([^"]+)"/gms);
  return [...statements]
    .filter(([, isType]) => what === "all" || isType === undefined)
    .map(([, , specifier]) => specifier);
}

/** The files of ours that a file imports; of `values`, not those that give it types alone. */
function filesImportedBy(path: string, what: "values" | "all" = "all"): string[] {
  return importsOf(path, what)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => join(dirname(path), specifier));
}

/** The first circle found, its first file again at the end; empty when there is none. */
function circleAmong(
  files: readonly string[],
  importsOfFile: (file: string) => readonly string[],
): string[] {
  const done = new Set<string>();
  const way: string[] = [];
  const search = (file: string): string[] => {
    const start = way.indexOf(file);
    if (start >= 0) return [...way.slice(start), file];
    if (done.has(file)) return [];
    way.push(file);
    for (const imported of importsOfFile(file)) {
      const circle = search(imported);
      if (circle.length > 0) return circle;
    }
    way.pop();
    done.add(file);
    return [];
  };
  for (const file of files) {
    const circle = search(file);
    if (circle.length > 0) return circle;
  }
  return [];
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}

function violation(path: string, specifier: string, rule: FolderRule): string | undefined {
  const folder = path.split("/")[0];
  if (specifier.startsWith(".")) {
    const target = relative(root, resolve(root, dirname(path), specifier)).split("/")[0];
    if (target === folder || rule.folders.includes(target)) return undefined;
  } else if (specifier.startsWith("node:")) {
    if (rule.node === "any") return undefined;
    for (const [prefix, allowed] of Object.entries(rule.node)) {
      if (!path.startsWith(prefix)) continue;
      if (allowed.includes("any") || allowed.includes(specifier)) return undefined;
    }
  } else if (rule.packages.some((name) => specifier === name || specifier.startsWith(`${name}/`))) {
    return undefined;
  }
  return `${path} imports ${specifier}`;
}

describe("the import table", () => {
  for (const [folder, rule] of Object.entries(rules)) {
    test(`${folder}/ imports only what it may`, () => {
      const found = sourcesBelow(folder)
        .filter((path) => !isTest(path))
        .flatMap((path) => importsOf(path).map((specifier) => violation(path, specifier, rule)))
        .filter((line) => line !== undefined);
      expect(found).toEqual([]);
    });
  }

  test("nobody imports test/ or cli/ from the product's folders", () => {
    const found = Object.keys(rules)
      .flatMap(sourcesBelow)
      .filter((path) => !isTest(path))
      .filter((path) =>
        importsOf(path).some((specifier) => /^(\.\.\/)+(test|cli)\//.test(specifier)),
      );
    expect(found).toEqual([]);
  });
});

describe("core or edge, never both", () => {
  test("cores have no clock, no I/O and no randomness of their own", () => {
    const found = ["protocol", "scenarios", "server", "simulator", "lab/doctor"]
      .flatMap(sourcesBelow)
      .filter((path) => !isTest(path) && !isEdge(path))
      .flatMap((path) => {
        const text = withoutComments(readFileSync(join(root, path), "utf8"));
        // Where the import table lists Node's modules by file, it has decided already.
        const isOpen = rules[path.split("/")[0]].node === "any";
        return [...impure, ...(isOpen ? [["node:*", nodeModule] as const] : [])]
          .filter(([, pattern]) => pattern.test(text))
          .map(([name]) => `${path} uses ${name}`);
      });
    expect(found).toEqual([]);
  });

  test("a core runs no edge: it may know the type of one, nothing more", () => {
    const found = ["server", "simulator"]
      .flatMap(sourcesBelow)
      .filter((path) => !isTest(path) && !isEdge(path))
      .flatMap((path) =>
        filesImportedBy(path, "values")
          .filter((target) => basename(dirname(target)) === "edge")
          .map((target) => `${path} imports ${target}`),
      );
    expect(found).toEqual([]);
  });

  test("the rooms of edges exist", () => {
    const folders = new Set(sourcesBelow("server").map((path) => dirname(path)));
    expect(edgeRooms.filter((room) => !folders.has(room))).toEqual([]);
  });
});

describe("no circle of imports, of types neither", () => {
  const files = Object.keys(rules)
    .flatMap(sourcesBelow)
    .filter((path) => !isTest(path));
  const known = new Set(files);
  const within = (file: string): string[] => filesImportedBy(file).filter((it) => known.has(it));

  test("among files", () => {
    expect(circleAmong(files, within)).toEqual([]);
  });

  test("between two folders", () => {
    const ways = new Set<string>();
    for (const file of files) {
      for (const imported of within(file)) ways.add(`${dirname(file)} > ${dirname(imported)}`);
    }
    const both = [...ways].filter((way) => {
      const [from, to] = way.split(" > ");
      return from !== to && ways.has(`${to} > ${from}`);
    });
    expect(both).toEqual([]);
  });

  test("a circle would be found", () => {
    const imports: Readonly<Record<string, readonly string[]>> = {
      a: ["b", "d"],
      b: ["c"],
      c: ["d", "b"],
      d: [],
    };
    expect(circleAmong(Object.keys(imports), (name) => imports[name])).toEqual(["b", "c", "b"]);
  });
});
