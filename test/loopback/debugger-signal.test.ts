import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { delimiter, dirname, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { noDebugger } from "../../lab/machine/package-root.ts";
import { freePorts } from "../ports.testing.ts";
import { DhcpdFolder } from "./dhcpd-command.testing.ts";
import { SegmentLab } from "./segments.testing.ts";

// SIGUSR1 opens Node's debugger, and every user of the machine may then run code as this process.

const root = resolve(import.meta.dirname, "../..");
const prov = `${root}/bin/prov`;
const node = { PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}` };

/**
 * Runs what follows, and sends it the signal all the time: from before its first instruction, for as long as it
 * starts. The shell ignores the signal, so that it cannot end what is to be tried.
 */
const signalled = [
  ...["sh", "-c"],
  [
    'trap "" USR1',
    "(n=0; while [ $n -lt 150 ] && kill -USR1 $$; do n=$((n + 1)); sleep 0.003; done) >/dev/null 2>&1 &",
    'exec "$@"',
  ].join("\n"),
  "sh",
];

interface Started {
  readonly child: ChildProcess;
  said(): string;
}

function start(args: readonly string[], cwd = root): Started {
  const [program, ...words] = [...signalled, prov, ...args];
  const child = spawn(program!, words, {
    cwd,
    env: { ...process.env, ...node },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString("latin1");
    });
  }
  return { child, said: () => said };
}

/** The TCP ports on which a process listens. */
function portsOf(pid: number): number[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      } catch {
        // Closed meanwhile.
        return undefined;
      }
    }),
  );
  const rows = ["tcp", "tcp6"].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, "latin1").trim().split("\n").slice(1),
  );
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(({ 3: state, 9: inode }) => state === "0A" && inodes.has(inode))
    .map(({ 1: address }) => Number.parseInt(address!.split(":")[1]!, 16));
}

const commands = [
  ...readFileSync(`${root}/cli/main.ts`, "utf8").matchAll(/^ {4}name: "([a-z-]+)"/gm),
].map(([, name]) => name!);

const configuration = `local-address 127.0.0.1; ping-check false;
subnet 127.64.0.0 netmask 255.255.255.0 { range 127.64.0.10 127.64.0.20; }\n`;

function filesOfServers(): DhcpdFolder {
  const lab = new DhcpdFolder();
  onTestFinished(() => lab.close());
  lab.write("dhcpd.conf", configuration);
  lab.write("dhcpd.leases", "");
  lab.write("prov.yaml", "schema: provlab/prov@1\naddress: 127.0.0.1\nntp: { port: 0 }\n");
  return lab;
}

describeUnless(process.platform === "linux" ? undefined : "no /proc", "SIGUSR1", () => {
  test("both ways to start prov keep the debugger from listening", () => {
    expect(readFileSync(prov, "utf8")).toContain(` ${noDebugger} `);
    expect(commands.length).toBeGreaterThan(15);
  });

  test.each(commands)("prov %s opens no debugger, from its first moment on", async (name) => {
    const { child, said } = start([name, "--help"]);
    // The signal may end it when it has done its work and takes no more signals: no status is expected.
    await once(child, "close");
    expect(said()).toContain("Usage: ");
    expect(said()).not.toContain("Debugger listening");
  });

  test("a server goes on, and has no port open for a debugger", async () => {
    const port = await freePorts();
    const files = ["-cf", "dhcpd.conf", "-lf", "dhcpd.leases"];
    const servers = [
      [["dhcpd", "-f", ...files, "--no-pid", "-p", `${port}`], "Server starting service."],
      [["serve", "-c", "prov.yaml"], "serving on port"],
    ] as const;
    for (const [args, serving] of servers) {
      const { child, said } = start(args, filesOfServers().path(""));
      await expect.poll(said).toContain(serving);
      child.kill("SIGUSR1");
      expect(portsOf(child.pid!)).toEqual([]);
      expect(child.signalCode).toBeNull();
      const ended = once(child, "close");
      child.kill("SIGTERM");
      await ended;
      expect(said()).not.toContain("Debugger listening");
    }
  });

  test("nor has a server that prov starts: in the background, or for a run", async () => {
    const lab = filesOfServers();
    const port = await freePorts();
    const files = ["-cf", "dhcpd.conf", "-lf", "dhcpd.leases", "-pf", "dhcpd.pid"];
    expect(lab.prov("dhcpd", ...files, "-p", `${port}`).status).toBe(0);
    const background = Number(readFileSync(lab.path("dhcpd.pid"), "latin1"));
    const segments = new SegmentLab();
    onTestFinished(() => segments.close());
    const bundled = await segments.server("server");
    try {
      for (const pid of [background, Number(segments.text("server/server.pid"))]) {
        expect(readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0")).toContain(noDebugger);
        process.kill(pid, "SIGUSR1");
        expect(portsOf(pid)).toEqual([]);
      }
    } finally {
      process.kill(background, "SIGTERM");
      await bundled.stop();
    }
    expect(segments.text("server/server.log")).not.toContain("Debugger listening");
  });
});
