import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
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
  protocol: { folders: [], packages: [], node: { "protocol/": ["node:buffer"] } },
  base: {
    folders: ["protocol"],
    packages: ["koffi", "hdr-histogram-js", "tinypool"],
    node: {
      "base/clock.ts": ["node:perf_hooks"],
      "base/net/": ["any"],
      "base/worker-pool.ts": ["node:os"],
    },
  },
  scenarios: { folders: ["base", "protocol"], packages: ["zod", "yaml"], node: {} },
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

// Edges: the only files of server/ and simulator/ that may own a socket, a file, a thread or a clock.
const edges = [
  "server/main.ts",
  "server/lease-storage.ts",
  "server/load-config.ts",
  "server/dhcpd-command.ts",
  "server/process-owner.ts",
  "server/process-lock.ts",
  "server/log-output.ts",
  "server/log-writer.ts",
  "server/private-file.ts",
  "server/dhcp/command-queue.ts",
  "server/dhcp/command-runner.ts",
  "server/dhcp/command-worker.ts",
  "server/dhcp/listener.ts",
  "server/dhcp/interfaces.ts",
  "server/dhcp/pinger.ts",
  "server/dhcp/resolver.ts",
  "server/dhcp/address-names.ts",
  "server/dhcp/link-reply.ts",
  "server/dhcp/server-socket.ts",
  "server/ha/etcd-leadership.ts",
  "server/control/control-server.ts",
  "server/control/pair-control.ts",
  "server/ha/disk-watch.ts",
  "server/ha/fail-back-run.ts",
  "server/ha/floating-address.ts",
  "server/ha/heartbeat-key.ts",
  "server/ha/ha-service.ts",
  "server/ha/ha-thread.ts",
  "server/ha/heartbeat-links.ts",
  "server/lease/lease-file-lock.ts",
  "server/lease/lease-file-store.ts",
  "server/lease/sync-thread.ts",
  "server/lease/sync-worker.ts",
  "server/metrics/metrics-server.ts",
  "server/metrics/metrics-thread.ts",
  "server/metrics/metrics-worker.ts",
  "server/lease/etcd/etcd-access.ts",
  "server/lease/etcd/etcd-client.ts",
  "server/lease/etcd/pair-commits.ts",
  "server/lease/etcd/pair-follow.ts",
  "server/lease/etcd/pair-node.ts",
  "server/lease/etcd/pair-thread.ts",
  "server/lease/etcd/pair-worker.ts",
  "server/mirror/folder-index.ts",
  "server/mirror/folder-writer.ts",
  "server/mirror/held-folder.ts",
  "server/mirror/mirror-client.ts",
  "server/mirror/mirror-server.ts",
  "server/mirror/mirror-service.ts",
  "server/mirror/mirror-sessions.ts",
  "server/mirror/mirror-signatures.ts",
  "server/mirror/replaced-files.ts",
  "server/mirror/watched-folder.ts",
  "server/prov.ts",
  "server/service/service-thread.ts",
  "server/service/service-worker.ts",
  "server/service/thread-log.ts",
  "server/service/datagram-loop.ts",
  "server/service/tcp-acceptor.ts",
  "server/service/udp-and-tcp.ts",
  "server/trace/trace-file.ts",
  "server/tftp/device-files.ts",
  "server/tftp/file-source.ts",
  "server/tftp/shared-file.ts",
  "server/tftp/listener.ts",
  "server/tftp/tftp-server.ts",
  "server/tftp/watched-file.ts",
  "server/time/time-server.ts",
  "server/ntp/host-clock.ts",
  "server/ntp/ntp-server.ts",
  "server/syslog/log-files.ts",
  "server/syslog/rotated-files.ts",
  "server/syslog/stream-input.ts",
  "server/syslog/syslog-server.ts",
  "simulator/coordinator.ts",
  "simulator/pcap-file.ts",
  "simulator/worker.ts",
  "simulator/worker-loop.ts",
];

const impure: readonly (readonly [string, RegExp])[] = [
  ["Date.now", /\bDate\.now\b/],
  ["new Date()", /\bnew Date\(\)/],
  ["Math.random", /\bMath\.random\b/],
  ["setTimeout", /\b(setTimeout|setInterval|setImmediate)\b/],
  ["console", /\bconsole\./],
  ["process", /(?<![.\w])process\.\w/],
  ["async", /\basync\b/],
  ["node:*", /from "node:(?!buffer)/],
];

function sourcesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

const isTest = (path: string): boolean => /\.(test|testing)\.ts$/.test(path);

function importsOf(path: string): string[] {
  const text = readFileSync(join(root, path), "utf8");
  return [...text.matchAll(/^(?:import|export)\b[^;]*?from\s+"([^"]+)"/gms)].map(
    (match) => match[1]!,
  );
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}

function violation(path: string, specifier: string, rule: FolderRule): string | undefined {
  const folder = path.split("/")[0]!;
  if (specifier.startsWith(".")) {
    const target = relative(root, resolve(root, dirname(path), specifier)).split("/")[0]!;
    const isResultType = folder === "simulator" && specifier.endsWith("reports/run-result.ts");
    if (target === folder || rule.folders.includes(target) || isResultType) return undefined;
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
    const found = ["protocol", "scenarios", "server", "simulator"]
      .flatMap(sourcesBelow)
      .filter((path) => !isTest(path) && !edges.includes(path))
      .flatMap((path) => {
        const text = withoutComments(readFileSync(join(root, path), "utf8"));
        return impure
          .filter(([, pattern]) => pattern.test(text))
          .map(([name]) => `${path} uses ${name}`);
      });
    expect(found).toEqual([]);
  });

  test("the list of edges names files that exist", () => {
    const known = new Set(["server", "simulator"].flatMap(sourcesBelow));
    expect(edges.filter((path) => !known.has(path))).toEqual([]);
  });
});
