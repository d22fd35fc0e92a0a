import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { processTree } from "../../lab/machine/process-usage.ts";
import { prov } from "../prov-command.testing.ts";
import { describeWithPeers, NetworkLab } from "./namespaces.testing.ts";

const root = resolve(import.meta.dirname, "../..");
const deployed = (path: string): string => readFileSync(join(root, "deploy", path), "utf8");

interface UnitCase {
  /** As it is started: an instance of a template has its name. */
  readonly name: string;
  /** Below deploy/: the unit, and its drop-ins in their order. */
  readonly files: readonly string[];
  /** Tenths of what systemd-analyze calls exposure: 100 is a service without any limit. */
  readonly exposureTenthsMax: number;
  /** Sections of the prov.yaml that it serves. */
  readonly sections?: readonly string[];
}

const instance = (service: string, dropIns: readonly string[] = []): readonly string[] => [
  "systemd/prov@.service",
  ...dropIns.map((name) => `systemd/prov@${service}.service.d/${name}`),
];

const node = "systemd/prov.service";
const dropIn = (name: string): string => `systemd/prov.service.d/${name}`;
const units: readonly UnitCase[] = [
  {
    ...{ name: "prov.service", files: [node], exposureTenthsMax: 20 },
    sections: ["dhcp", "tftp", "time", "ntp", "syslog"],
  },
  { name: "prov.service", files: [node, dropIn("pair.conf")], exposureTenthsMax: 20 },
  {
    ...{ name: "prov.service", exposureTenthsMax: 22 },
    files: [node, dropIn("pair.conf"), dropIn("floating-address.conf")],
  },
  {
    ...{ name: "prov@dhcp.service", exposureTenthsMax: 17, sections: ["dhcp"] },
    files: instance("dhcp", ["raw-sockets.conf"]),
  },
  {
    ...{ name: "prov@tftp.service", exposureTenthsMax: 14, sections: ["tftp"] },
    files: instance("tftp", ["secret.conf"]),
  },
  {
    ...{ name: "prov@clock.service", exposureTenthsMax: 18, sections: ["time", "ntp"] },
    files: instance("clock", ["clock.conf"]),
  },
  {
    ...{ name: "prov@syslog.service", exposureTenthsMax: 14, sections: ["syslog"] },
    files: instance("syslog"),
  },
  { name: "etcd.service", files: ["etcd/etcd.service"], exposureTenthsMax: 11 },
];

const textOf = ({ files }: UnitCase): string => files.map(deployed).join("\n");

/** The lines of a setting, in their order. */
const linesOf = (text: string, name: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, words]) => words!);

/** All values of a setting, in their order. */
const settingsOf = (text: string, name: string): readonly string[] =>
  linesOf(text, name).flatMap((words) => words.split(" "));

test("every drop-in that is shipped is in one of these cases", () => {
  const shipped = readdirSync(join(root, "deploy/systemd"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".conf"))
    .map((name) => `systemd/${name}`);
  expect(shipped.filter((name) => units.every(({ files }) => !files.includes(name)))).toEqual([]);
});

test("HA-26: lets a node of a pair write where the files of examples/pair say, and there alone", () => {
  const writable = settingsOf(deployed("systemd/prov.service.d/pair.conf"), "ReadWritePaths");
  for (const name of ["prov01", "prov02"]) {
    const { dhcp, tftp, syslog, control } = parse(
      readFileSync(`${root}/examples/pair/${name}.yaml`, "utf8"),
    ) as Readonly<Record<string, Readonly<Record<string, string>>>>;
    const written = [dhcp!["leases"], tftp!["root"], syslog!["directory"]];
    const isWritable = (path: string) =>
      writable.some((place) => path === place || path.startsWith(`${place}/`));
    expect(written.filter((path) => !isWritable(path!))).toEqual([]);
    // The unit's own RuntimeDirectory.
    expect(control!["socket"]).toMatch(/^\/run\/provlab\//);
  }
});

test.each(units)(
  "$name $files: has no raw socket unless it serves DHCP, and its limits",
  (unit) => {
    const text = textOf(unit);
    const capabilities = settingsOf(text, "CapabilityBoundingSet");
    const servesDhcp = /^prov(@dhcp)?\.service$/.test(unit.name);
    expect(capabilities.includes("CAP_NET_RAW")).toBe(servesDhcp);
    for (const limit of ["MemoryMax", "TasksMax", "ProtectProc"]) {
      expect(settingsOf(text, limit)).not.toEqual([]);
    }
  },
);

describeWithPeers("the systemd units", ["systemd-analyze", "strace", "setpriv"], () => {
  let lab: NetworkLab;
  let namespace: string;

  beforeEach(() => {
    lab = new NetworkLab();
    namespace = lab.addNamespace("host");
    // DHCP wants an interface to serve.
    lab.link(
      ...([namespace, { interfaceName: "serve0", address: "10.99.0.1/24" }] as const),
      ...([lab.addNamespace("plant"), { interfaceName: "load0" }] as const),
    );
  });

  afterEach(async () => {
    await lab.close();
  });

  const analyze = (...args: readonly string[]) => lab.run(namespace, "systemd-analyze", args);

  /** The unit with its drop-ins in it, as a file: offline, systemd-analyze reads no drop-in. */
  function written(unit: UnitCase): string {
    // systemd wants to find the program of a unit that it is to verify.
    const text = textOf(unit).replace("/usr/local/bin/prov ", `${root}/bin/prov `);
    writeFileSync(lab.path(unit.name), text);
    return lab.path(unit.name);
  }

  describe.each(units)("$name $files", (unit) => {
    test("has no word that systemd does not know", async () => {
      expect(await analyze("verify", written(unit))).toEqual({ status: 0, output: "" });
    });

    test("gives the service little that it does not need", async () => {
      const threshold = `--threshold=${unit.exposureTenthsMax}`;
      const judged = await analyze("security", "--offline=yes", threshold, written(unit));
      expect(judged.status, judged.output).toBe(0);
    });
  });

  describe.each(units.filter(({ sections }) => sections !== undefined))("$name", (unit) => {
    test("serves with its capabilities alone, and asks the kernel for nothing that is refused", async () => {
      const text = textOf(unit);
      const capabilities = settingsOf(text, "CapabilityBoundingSet").map((name) =>
        name.replace("CAP_", "+").toLowerCase(),
      );
      const calls = lab.path("calls");
      const server = lab.start(namespace, "setpriv", [
        ...["--no-new-privs", `--bounding-set=-all,${capabilities.join()}`],
        ...["strace", "-f", "-c", "-o", calls, "--"],
        ...[process.execPath, prov, "serve", "-c", configured(unit.sections!)],
        ...["--log-format", "text"],
      ]);
      for (const section of unit.sections!) {
        await server.waitFor(new RegExp(`${section}: serving on port`));
      }
      // strace ends when the program that it follows has ended, with that program's status.
      const program = processTree(server.pid).find(({ pid }) => isNode(pid))!;
      process.kill(program.pid, "SIGTERM");
      const { status, output } = await server.ended;
      expect(status, output).toBe(0);
      const allowed = allowedCalls(
        linesOf(text, "SystemCallFilter"),
        settingsOf(text, "ProtectClock").at(-1) === "yes",
        (await analyze("syscall-filter")).output,
      );
      const made = callsIn(readFileSync(calls, "utf8"));
      expect(made.length).toBeGreaterThan(20);
      expect(made.filter((call) => !allowed.has(call))).toEqual([]);
    });
  });

  /** A prov.yaml with these sections, on the well-known ports of the namespace. */
  function configured(sections: readonly string[]): string {
    for (const folder of ["tftp", "log"]) mkdirSync(lab.path(folder));
    writeFileSync(lab.path("dhcpd.leases"), "");
    writeFileSync(
      lab.path("dhcpd.conf"),
      "subnet 10.99.0.0 netmask 255.255.255.0 { range 10.99.0.10 10.99.0.20; }\n",
    );
    const whole: Readonly<Record<string, unknown>> = {
      dhcp: { config: lab.path("dhcpd.conf"), leases: lab.path("dhcpd.leases") },
      tftp: { root: lab.path("tftp") },
      ...{ time: {}, ntp: {}, syslog: { directory: lab.path("log") } },
    };
    const chosen = sections.map((name) => [name, whole[name]] as const);
    const file = lab.path("prov.yaml");
    writeFileSync(file, stringify({ schema: "provlab/prov@1", ...Object.fromEntries(chosen) }));
    return file;
  }
});

const isNode = (pid: number): boolean =>
  readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] === process.execPath;

/** The names in the table of `strace -c`. */
function callsIn(table: string): readonly string[] {
  const names = table.split("\n").map((line) => line.trim().split(/\s+/).at(-1)!);
  return names.filter(
    (name) => /^[a-z][a-z0-9_]+$/.test(name) && name !== "syscall" && name !== "total",
  );
}

/** The calls that a unit allows: its filters in their order, by the sets that systemd-analyze lists. */
function allowedCalls(
  filters: readonly string[],
  protectsClock: boolean,
  listing: string,
): ReadonlySet<string> {
  const sets = new Map<string, string[]>();
  let members: string[] = [];
  for (const line of listing.split("\n")) {
    if (line.startsWith("@")) {
      members = [];
      sets.set(line.trim(), members);
    } else if (/^\s+[@a-z]/.test(line)) members.push(line.trim());
  }
  const callsOf = (word: string): readonly string[] =>
    word.startsWith("@") ? sets.get(word)!.flatMap(callsOf) : [word];
  const allowed = new Set(callsOf("@default"));
  for (const filter of protectsClock ? [...filters, "~@clock"] : filters) {
    for (const call of filter.replace("~", "").split(" ").flatMap(callsOf)) {
      if (filter.startsWith("~")) allowed.delete(call);
      else allowed.add(call);
    }
  }
  return allowed;
}
