import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";

// What of other people's work comes with ours: docs/dependencies.md tells it, and this holds it to that.

const root = resolve(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

interface LockedPackage {
  readonly version: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
}

const lock = JSON.parse(read("package-lock.json")) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const locked = Object.entries(lock.packages)
  .filter(([path]) => path !== "")
  .map(([path, its]) => ({ name: path.replace(/^.*node_modules\//, ""), ...its }));
const shipped = locked.filter(({ dev }) => dev !== true);
const { dependencies, devDependencies } = JSON.parse(read("package.json")) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

/** The packages that a section of the page has rows for; `@koromix/koffi-*` stands for koffi's binaries. */
function namedUnder(heading: string): string[] {
  const page = read("docs/dependencies.md");
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const [rows = ""] = section.split("\n## ");
  return [...rows.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name!);
}

describe("docs/dependencies.md names", () => {
  test("every package that we import when installed, and no other", () => {
    expect(namedUnder("What we import").toSorted()).toEqual(Object.keys(dependencies).toSorted());
  });

  test("every package that comes with one of those, and no other", () => {
    const indirect = shipped
      .map(({ name }) => (name.startsWith("@koromix/koffi-") ? "@koromix/koffi-*" : name))
      .filter((name) => dependencies[name] === undefined);
    expect(namedUnder("What comes with them").toSorted()).toEqual(
      [...new Set(indirect)].toSorted(),
    );
  });

  test("every tool that we build and test with, and no other", () => {
    expect(namedUnder("Tools").toSorted()).toEqual(Object.keys(devDependencies).toSorted());
  });
});

describe("packages", () => {
  test("no other than koffi has a script for its installation, and .ci/run installs without scripts", () => {
    const scripted = locked.filter(({ hasInstallScript }) => hasInstallScript === true);
    expect(scripted.map(({ name }) => name)).toEqual(["koffi"]);
    expect(read(".ci/run")).toContain("npm ci --ignore-scripts");
  });

  test("come from the registry alone, as they were when they were locked", () => {
    const loose = locked.filter(
      ({ resolved, integrity }) =>
        // A lock without addresses leaves them to the registry in use.
        (resolved ?? "").search(/^($|https:\/\/registry\.npmjs\.org\/)/) !== 0 ||
        integrity?.startsWith("sha512-") !== true,
    );
    expect(loose.map(({ name }) => name)).toEqual([]);
  });
});

test("npm run sbom lists every package, and says which are not shipped, in CycloneDX", () => {
  const { stdout, status } = spawnSync("npm", ["run", "--silent", "sbom"], {
    ...{ cwd: root, encoding: "utf8", maxBuffer: 16 << 20 },
  });
  expect(status).toBe(0);
  const bill = JSON.parse(stdout) as {
    readonly bomFormat: string;
    readonly components: readonly {
      readonly purl: string;
      readonly properties: readonly { readonly name: string }[];
    }[];
  };
  expect(bill.bomFormat).toBe("CycloneDX");
  const components = bill.components.map(({ purl, properties }) => {
    const isDev = properties.some(({ name }) => name === "cdx:npm:package:development");
    return `${purl}${isDev ? " for development" : ""}`;
  });
  const wanted = locked.map(({ name, version, dev }) => {
    const url = `pkg:npm/${name.replace("@", "%40")}@${version}`;
    return `${url}${dev === true ? " for development" : ""}`;
  });
  // A version that is installed in several folders is listed once.
  expect(components.toSorted()).toEqual([...new Set(wanted)].toSorted());
});

test("actions of workflows, and those that the pages show, are named by commit and version", () => {
  const workflows = readdirSync(join(root, ".github/workflows")).map(
    (name) => `.github/workflows/${name}`,
  );
  const pages = readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
  const used = [...workflows, ...pages].flatMap((path) =>
    [...read(path).matchAll(/^[\s#-]*uses: (.+)$/gm)].map(([, action]) => action!),
  );
  const others = used.filter((action) => !action.startsWith("./"));
  expect(others.length).toBeGreaterThan(4);
  const pinned = /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
  expect(others.filter((action) => !pinned.test(action))).toEqual([]);
});
