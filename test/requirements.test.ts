import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const page = read("docs/requirements.md");

/** How many requirements each group of the guide has. */
const requirements = {
  ...{ SYS: 15, DHCP: 17, CONF: 18, CLASS: 14, PRE: 9, LEASE: 7, LQ: 6, OMAPI: 8, DDNS: 4 },
  ...{ TFTP: 10, TIME: 8, LOG: 6, HA: 34, ENV: 17, PERF: 9, OPS: 19, EXT: 15, SM: 8, MSG: 2 },
  OPT: 3,
};
/** Its remarks: slips, contradictions, and what it leaves out. */
const remarks = { ERR: 39, INC: 18, GAP: 11 };

const numbered = (groups: Readonly<Record<string, number>>): string[] =>
  Object.entries(groups).flatMap(([group, count]) =>
    Array.from({ length: count }, (_, at) => `${group}-${at + 1}`),
  );
const anyId = new RegExp(
  `\\b(?:${Object.keys({ ...requirements, ...remarks }).join("|")})-\\d+\\b`,
  "g",
);

/** The rows of all tables whose header is this one, each as its cells. */
function rowsBelow(header: string): string[][] {
  return page
    .split(`| ${header} |\n`)
    .slice(1)
    .flatMap((text) => text.slice(0, text.indexOf("\n\n")).trimEnd().split("\n").slice(1))
    .map((line) => line.slice(2, -2).split(" | "));
}

const pathsIn = (cell: string): string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, path]) => path!);
const isTest = (path: string): boolean => path.endsWith(".test.ts");

const rows = rowsBelow("id | state | the guide asks | here | code and tests").map(
  ([id, state, asks, here, files]) => ({
    ...{ id: id!, state: state!, asks: asks!, here: here! },
    code: pathsIn(files!).filter((path) => !isTest(path)),
    tests: pathsIn(files!).filter(isTest),
  }),
);
const remarked = rowsBelow("id | the slip | here | where")
  .concat(rowsBelow("id | the guide says both | here | where"))
  .concat(rowsBelow("id | missing | here | where"))
  .map(([ids, , , files]) => ({ ids: ids!.split(", "), files: pathsIn(files!) }));

/** The items of the guide's tables 2.2.1 and 2.2.2, each as a row of its requirement. */
const items = [...page.matchAll(/^Table 2\.2\.\d \((HA-\d+)\).*:\n\n((?:\|.*\|\n)+)/gm)].flatMap(
  ([, id, table]) =>
    table!
      .trimEnd()
      .split("\n")
      .slice(2)
      .map((line) => line.slice(2, -2).split(" | "))
      .flatMap(([names, , , tests]) =>
        names!.split(", ").map((name) => ({ id: `${id!} ${name}`, tests: pathsIn(tests!) })),
      ),
);

/** Whether a title names the requirement: in a string, not in a comment. */
function isNamedIn(path: string, id: string): boolean {
  return new RegExp(`["\`][^"\`\\n]*\\b${id}\\b[^"\`\\n]*["\`]`).test(read(path));
}

const isMissing = (path: string): boolean => !existsSync(join(root, path));

/** Everything that people wrote: sources, tests, pages, scenarios and settings. */
function writtenFiles(): string[] {
  const folders =
    "base bench cli deploy docs examples lab protocol reports scenarios server simulator test".split(
      " ",
    );
  const below = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) =>
      join(folder, name),
    ),
  );
  return [...below, ...readdirSync(root)].filter((path) =>
    /\.(?:ts|md|yaml|json|conf|crm|service)$|^deploy\/ocf\/prov$/.test(path),
  );
}

describe("docs/requirements.md", () => {
  test("has each requirement and each remark of the guide once", () => {
    expect(rows.map(({ id }) => id).toSorted()).toEqual(numbered(requirements).toSorted());
    const ids = remarked.flatMap(({ ids }) => ids);
    expect(ids.toSorted()).toEqual(numbered(remarks).toSorted());
  });

  // The guide lies beside the repository where it is developed.
  const guide = resolve(root, "../shared/spec/prov-guide.md");
  if (existsSync(guide)) {
    test("has the ids of the guide itself", () => {
      const ids = [...readFileSync(guide, "utf8").matchAll(/^\| ([A-Z]+-\d+) \|/gm)];
      expect(ids.map(([, id]) => id)).toEqual(numbered({ ...requirements, ...remarks }));
    });
  }

  test("counts its states", () => {
    const told = rowsBelow("state | means | how many").map(([state, , count]) => [state, count]);
    const counted = told.map(([state]) => [
      state,
      String(rows.filter((row) => row.state === state).length),
    ]);
    expect(told).toEqual(counted);
    expect(counted.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(rows.length);
  });

  test("says what is asked, what is done, and what is open where something is", () => {
    const unclear = rows.filter(({ state, asks, here }) => {
      const isOpen = state === "partly" || state === "not yet";
      return asks.length < 10 || here.length < 5 || /\bOpen: \S/.test(here) !== isOpen;
    });
    expect(unclear.map(({ id, state, here }) => `${id}, ${state}: ${here}`)).toEqual([]);
  });

  test("names code and a test for what is done, and neither for what is not", () => {
    const wrong = rows.filter(({ state, code, tests }) => {
      if (state === "not yet") return code.length + tests.length > 0;
      return state !== "not ours" && (code.length === 0 || tests.length === 0);
    });
    expect(wrong.map(({ id, state }) => `${id}, ${state}`)).toEqual([]);
  });

  test("names files that there are", () => {
    const named = [
      ...rows.map(({ id, code, tests }) => ({ id, files: [...code, ...tests] })),
      ...remarked.map(({ ids, files }) => ({ id: ids.join(), files })),
    ];
    const missing = named.flatMap(({ id, files }) =>
      files.filter(isMissing).map((path) => `${id}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  test("names tests that name the requirement", () => {
    const silent = rows.flatMap(({ id, tests }) =>
      tests.filter((path) => !isNamedIn(path, id)).map((path) => `${id}: ${path}`),
    );
    expect(silent).toEqual([]);
  });

  test("names files that name the remark", () => {
    const silent = remarked.flatMap(({ ids, files }) =>
      ids.flatMap((id) =>
        files
          .filter((path) => !new RegExp(`\\b${id}\\b`).test(read(path)))
          .map((path) => `${id}: ${path}`),
      ),
    );
    expect(silent).toEqual([]);
  });

  test("has both tables of the pair, and for each item a test of its name", () => {
    expect(items.map(({ id }) => id.slice(0, 5))).toEqual([
      ...Array.from({ length: 9 }, () => "HA-21"),
      ...Array.from({ length: 9 }, () => "HA-27"),
    ]);
    const untested = items.filter(({ id, tests }) => !tests.some((path) => isNamedIn(path, id)));
    expect(untested.map(({ id }) => id)).toEqual([]);
  });

  test("explains every id that is cited anywhere", () => {
    const explained = new Set([...numbered(requirements), ...numbered(remarks)]);
    const cited = writtenFiles().flatMap((path) =>
      [...read(path).matchAll(anyId)].map(([id]) => ({ id, path })),
    );
    expect(new Set(cited.map(({ id }) => id)).size).toBeGreaterThan(100);
    const unknown = cited.filter(({ id }) => !explained.has(id));
    expect(unknown.map(({ id, path }) => `${id}: ${path}`)).toEqual([]);
  });
});
