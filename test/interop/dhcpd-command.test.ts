import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { sendDiscovers } from "../loopback/discovers.testing.ts";
import { prov } from "../prov-command.testing.ts";
import { describeWithPeers } from "./namespaces.testing.ts";

const dhcpd = "/usr/sbin/dhcpd";
const startMsMax = 20_000;

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "provlab-dhcpd-command-"));
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);
  const subnet = "subnet 127.64.0.0 netmask 255.255.255.0 { range 127.64.0.10 127.64.0.20; }\n";
  write("good.conf", subnet);
  write("loopback.conf", `local-address 127.0.0.1;\nping-check false;\n${subnet}`);
  write("semicolon.conf", subnet.replace("0.20;", "0.20"));
  write("outside.conf", subnet.replace("127.64.0.20", "127.65.0.20"));
  write("no-class.conf", 'subclass "nowhere" 1:2:3;\n');
  write("twice.conf", "host a { }\nhost a { }\n");
  write(
    "failover.conf",
    `failover peer "a" { secondary; peer address 127.0.0.2; }
subnet 127.64.0.0 netmask 255.255.255.0 { pool { failover peer "a"; range 127.64.0.10; } }\n`,
  );
  const names = 'lease-file-name "/named.leases"; pid-file-name "/named.pid";';
  write("named.conf", `${names}\n${subnet}`);
  write(
    "hosts.leases",
    `host a { dynamic; uid "a"; }\nhost b { dynamic; uid "b"; group "nowhere"; }\n`,
  );
  write("include.conf", 'include "nothing.conf";\n');
  write("empty.leases", "");
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

function run(command: readonly string[], line: string, env: Record<string, string> = {}) {
  const [program, ...args] = [...command, ...line.split(" ")];
  const { status, stderr } = spawnSync(program!, args, {
    cwd: directory,
    env: { ...process.env, ...env },
    encoding: "latin1",
    timeout: startMsMax,
  });
  return { status, stderr };
}

const ours = [process.execPath, prov, "dhcpd"];

/** A command line, the exit status, and what the console says. */
const cases: readonly (readonly [string, number, RegExp])[] = [
  ["-t -cf good.conf -lf empty.leases", 0, /^Config file: good\.conf$/m],
  ["-t -cf failover.conf -lf empty.leases", 0, /failover/],
  ["-T -cf good.conf -lf empty.leases", 0, /^Lease file test successful/m],
  ["-t -cf semicolon.conf -lf empty.leases", 1, /^semicolon\.conf line 1: semicolon expected\.$/m],
  ["-t -cf outside.conf -lf empty.leases", 1, /bad range/],
  ["-t -cf no-class.conf -lf empty.leases", 1, /^no-class\.conf line 1: no class named nowhere$/m],
  ["-t -cf twice.conf -lf empty.leases", 1, /^twice\.conf line 2: host a: already exists$/m],
  [
    "-t -cf include.conf -lf empty.leases",
    1,
    /Can't open nothing\.conf: No such file or directory/,
  ],
  ["-t -cf missing.conf", 1, /^Can't open missing\.conf: No such file or directory$/m],
  ["-f -d -cf good.conf -lf missing.leases", 1, /missing\.leases: No such file or directory/],
  ["-x", 1, /^Unknown command -x$/m],
  ["-p", 1, /^No argument for command: -p ?$/m],
  ["-p abc", 1, /^Invalid port number specification: abc$/m],
  ["-p 65536", 1, /^Port number specified is out of range \(1-65535\)\.$/m],
  ["-4 -6", 1, /^Server cannot run in both IPv4 and IPv6 mode at the same time\.$/m],
  ["-6 -4", 1, /^Server cannot run in both IPv4 and IPv6 mode at the same time\.$/m],
  ["-p 0", 1, /^Port number specified is out of range \(1-65535\)\.$/m],
  ...["-s", "-cf", "-lf", "-pf", "-user", "-group", "-chroot", "-tf", "-play"].map(
    (flag) => [flag, 1, new RegExp(`^No argument for command: ${flag} ?$`, "m")] as const,
  ),
  ["--help", 0, /^Usage: dhcpd \[-p <UDP port #>\]/m],
  ["-h -x", 0, /^Usage: dhcpd \[-p <UDP port #>\]/m],
  ["--version", 0, /dhcpd-\d/],
  ["-x --version", 0, /dhcpd-\d/],
  ["--version --help", 0, /dhcpd-\d/],
  ["-t -4 -cf good.conf -lf empty.leases nosuchif", 0, /^Config file: good\.conf$/m],
  ["-t -q -cf good.conf -lf empty.leases", 0, /^$/],
  ["-t -tf x.trace -cf good.conf -lf empty.leases", 0, /^Config file: good\.conf$/m],
  ["-t --no-pid -pf x.pid -cf good.conf -lf empty.leases", 0, /^PID file: .*x\.pid$/m],
];

/** What the configuration says comes before the flags, and those before the environment. */
const environment = {
  PATH_DHCPD_CONF: "good.conf",
  PATH_DHCPD_DB: "/e.leases",
  PATH_DHCPD_PID: "/e.pid",
};
const environmentCases: readonly (readonly [line: string, files: readonly string[]])[] = [
  ["-t", ["good.conf", "/e.leases", "/e.pid"]],
  ["-t -lf /flag.leases -pf /flag.pid", ["good.conf", "/flag.leases", "/flag.pid"]],
  ["-t -cf named.conf", ["named.conf", "/named.leases", "/named.pid"]],
  [
    "-t -cf named.conf -lf empty.leases -pf /flag.pid",
    ["named.conf", "/named.leases", "/named.pid"],
  ],
];

function filesOf({ stderr }: ReturnType<typeof run>): string[] {
  return [...stderr.matchAll(/^(?:Config|Database|PID) file: (.*)$/gm)].map(([, name]) => name!);
}

/** What only root may ask for. */
const rootCases: typeof cases = [
  ["-t -user nosuch -cf good.conf -lf empty.leases", 1, /^no such user: nosuch$/m],
  ["-t -user 0 -cf good.conf -lf empty.leases", 1, /^no such user: 0$/m],
  ["-t -group nosuch -cf good.conf -lf empty.leases", 1, /^no such group: nosuch$/m],
  ["-user nosuch -cf missing.conf", 1, /^no such user: nosuch$/m],
  [
    "-t -user nobody -group nogroup -cf good.conf -lf empty.leases",
    0,
    /^Config file: good\.conf$/m,
  ],
];
const needsRoot = process.getuid?.() === 0 ? undefined : "changing the user needs root";

describe("DHCP-1, DHCP-8, DHCP-9, DHCP-11: prov dhcpd", () => {
  test.each(cases)("dhcpd %s exits with %i", (line, status, said) => {
    const result = run(ours, line);
    expect(result.stderr).toMatch(said);
    expect(result.status).toBe(status);
    // After a failed start the console ends so, with the cause above it.
    if (status !== 0) expect(result.stderr).toMatch(/\nexiting\.\n$/);
  });

  test.each(environmentCases)("files of %s, with others in the environment", (line, files) => {
    const result = run(ours, line, environment);
    expect(filesOf(result), result.stderr).toEqual(files);
  });

  test("-T tells which hosts of the lease file cannot be served, and what to do", () => {
    const { status, stderr } = run(ours, "-T -cf good.conf -lf hosts.leases");
    expect(stderr).toMatch(
      /hosts\.leases: hosts cannot be served as they are written:\nhost b: .*\nChange them/,
    );
    expect(status).toBe(1);
  });

  test.each([
    ["-6 -t -cf good.conf", "This server speaks DHCPv4 only"],
    ["-f --no-pid -cf failover.conf -lf empty.leases", "failover peer a: the failover protocol"],
    ["-f --no-pid -cf failover.conf -lf empty.leases", "run a warm-standby pair"],
    ["-4o6 1067 -t -cf good.conf", "DHCPv4 over DHCPv6 (-4o6) is not supported."],
    ["-chroot / -t -cf good.conf", "start the server in a container, or with RootDirectory="],
    ["-tf a.trace -play b.trace", "either recorded (-tf) or played back (-play)"],
    ["-tf a.trace --trace-limit 0", "Invalid size 0 (--trace-limit)"],
  ])("what it does not do is refused in a sentence: %s", (line, sentence) => {
    const { status, stderr } = run(ours, line);
    expect(stderr).toContain(sentence);
    expect(status).toBe(1);
  });

  test("DHCP-6, DHCP-12: without -f it goes to the background; the pid file leads back to it", async () => {
    const line = "-cf loopback.conf -lf empty.leases -pf here.pid -p 19067";
    const started = run(ours, line);
    expect(started.stderr).toMatch(/^Server starting service\.$/m);
    expect(started.status).toBe(0);
    const pidFile = join(directory, "here.pid");
    const pid = Number(readFileSync(pidFile, "latin1"));
    try {
      const second = run(ours, line);
      expect(second.stderr).toContain("There's already a DHCP server running");
      expect(second.status).toBe(1);

      // Without the pid file's word: the lease file and the port are one server's alone all the same.
      const onFile = run(ours, "-f -cf loopback.conf -lf empty.leases --no-pid -p 19077");
      expect(onFile.stderr).toMatch(
        new RegExp(`Another server, process ${pid}, has the lease file .*empty.leases`),
      );
      expect(onFile.status).toBe(1);
      writeFileSync(join(directory, "other.leases"), "");
      const onPort = run(ours, "-f -cf loopback.conf -lf other.leases --no-pid -p 19067");
      expect(onPort.stderr).toContain("Can't bind to dhcp address 127.0.0.1 port 19067");
      expect(onPort.stderr).toContain("Address already in use");
      expect(onPort.status).toBe(1);
    } finally {
      process.kill(pid, "SIGTERM");
    }
    await expect.poll(() => existsSync(pidFile)).toBe(false);
  });
});

describeUnless(needsRoot, "DHCP-8: prov dhcpd of another user", () => {
  test.each(rootCases)("dhcpd %s exits with %i", (line, status, said) => {
    const result = run(ours, line);
    expect(result.stderr).toMatch(said);
    expect(result.status).toBe(status);
  });

  const idOf = (option: string): number =>
    Number(spawnSync("id", [option, "nobody"], { encoding: "latin1" }).stdout);
  const nobody = { userId: idOf("-u"), groupId: idOf("-g") };

  /** A folder of nobody with a lease file; the path of that. */
  function leaseFileOfNobody(name: string): string {
    chmodSync(directory, 0o755);
    const folder = join(directory, name);
    mkdirSync(folder);
    chownSync(folder, nobody.userId, nobody.groupId);
    writeFileSync(join(folder, "dhcpd.leases"), "");
    return `${name}/dhcpd.leases`;
  }

  test("-user gives up being root, for good, and the lease file goes along", async () => {
    const leases = leaseFileOfNobody("own");
    const args = `-cf loopback.conf -lf ${leases} -pf nobody.pid -p 19087 -user nobody`;
    const started = run(ours, args);
    expect(started.stderr).toMatch(/^Server starting service\.$/m);
    expect(started.status).toBe(0);
    const pid = Number(readFileSync(join(directory, "nobody.pid"), "latin1"));
    try {
      const ids = (name: string): string[] =>
        new RegExp(`^${name}:\\t(.*)$`, "m")
          .exec(readFileSync(`/proc/${pid}/status`, "latin1"))![1]
          .trim()
          .split(/\s+/)
          .filter((id) => id !== "");
      expect(ids("Uid")).toEqual(Array(4).fill(String(nobody.userId)));
      expect(ids("Gid")).toEqual(Array(4).fill(String(nobody.groupId)));
      expect(ids("Groups")).toEqual([]);
      for (const file of [leases, `${leases}.lock`]) {
        const { uid, gid } = statSync(join(directory, file));
        expect([uid, gid]).toEqual([nobody.userId, nobody.groupId]);
      }
    } finally {
      process.kill(pid, "SIGTERM");
    }
    await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
  });

  test("-user gives nothing away that the lease file links to", () => {
    const leases = leaseFileOfNobody("linked");
    const target = join(directory, "target");
    writeFileSync(target, "");
    rmSync(join(directory, leases));
    symlinkSync(target, join(directory, leases));
    const { status, stderr } = run(
      ours,
      `-f -cf loopback.conf -lf ${leases} --no-pid -p 19097 -user nobody`,
    );
    expect(stderr).toContain("is a symbolic link, which -user does not follow");
    expect(status).toBe(1);
    expect(statSync(target)).toMatchObject({ uid: 0, size: 0 });
  });

  test("-user is refused when that user could not rewrite the lease file", () => {
    chmodSync(directory, 0o755);
    mkdirSync(join(directory, "closed"));
    const leases = join(directory, "closed/dhcpd.leases");
    writeFileSync(leases, "");
    const { status, stderr } = run(
      ours,
      `-f -cf loopback.conf -lf ${leases} --no-pid -p 19107 -user nobody`,
    );
    expect(stderr).toContain(`Can't create ${leases}.rewrite: EACCES.`);
    expect(stderr).toMatch(/\nexiting\.\n$/);
    expect(status).toBe(1);
  });

  test("-user takes effect before the first packet is read: no command ever runs as root", async () => {
    const leases = leaseFileOfNobody("executed");
    const ran = join(directory, "executed/ran");
    writeFileSync(ran, "");
    chmodSync(ran, 0o666);
    writeFileSync(
      join(directory, "execute.conf"),
      `execute("/bin/sh", "-c", "id -u >> ${ran}");\n${readFileSync(join(directory, "loopback.conf"), "latin1")}`,
    );
    const flags = "-user nobody --allow-execute --metrics 127.0.0.1:19118 --no-pid";
    const args = `-f -cf execute.conf -lf ${leases} -p 19117 ${flags}`.split(" ");
    const stopSending = sendDiscovers(19_117);
    const server = spawn(process.execPath, [prov, "dhcpd", ...args], {
      cwd: directory,
      stdio: "ignore",
    });
    try {
      const users = (): string[] => readFileSync(ran, "latin1").trim().split("\n");
      await expect.poll(() => users().length).toBeGreaterThan(20);
      expect(new Set(users())).toEqual(new Set([String(nobody.userId)]));
    } finally {
      stopSending();
      server.kill("SIGKILL");
    }
  });
});

describeWithPeers("DHCP-8: the original says and does the same", ["dhcpd"], () => {
  test.each(environmentCases)("files of %s, with others in the environment", (line, files) => {
    const result = run([dhcpd], line, environment);
    expect(filesOf(result), result.stderr).toEqual(files);
  });

  test.each([...cases, ...rootCases])("dhcpd %s exits with %i", (line, status, said) => {
    const result = run([dhcpd], line);
    expect(result.stderr).toMatch(said);
    expect(result.status).toBe(status);
  });
});
