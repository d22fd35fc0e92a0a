import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { prov } from "../prov-command.testing.ts";
import { describeWithPeers, type Ended, NetworkLab, type Peer } from "./namespaces.testing.ts";

// `prov serve` on the well-known ports of a namespace of its own, and the clients that Debian has, in
// another one. Each client is called so that it only asks: nothing here sets a clock.
const serverAddress = "10.99.0.1";
const clientAddress = "10.99.0.2";
/** What a busy machine needs between the answer and our look at the clock. */
const clockSecondsMax = 5;
const imageName = "meter.zip";
const image = randomBytes(100_000);

/** LOG-1: the facility of each application, and its file. */
const files: readonly (readonly [facility: string, file: string])[] = [
  ["user", "messages"],
  ["local6", "dhcp.log"],
  ["local5", "tftp.log"],
  ["local3", "pacemaker.log"],
  ["local2", "v4cpe_dhcp.log"],
  ["local1", "v6cpe_dhcp.log"],
];

const transports: readonly (readonly [string, readonly string[]])[] = [
  ["UDP", ["-d"]],
  ["TCP, a message a line", ["-T"]],
  ["TCP, octets counted", ["-T", "--octet-count"]],
];

const formats: readonly (readonly [string, readonly string[]])[] = [
  ["RFC 3164", ["--rfc3164"]],
  ["RFC 5424", ["--rfc5424"]],
];

const chronyConfig = `server ${serverAddress} iburst
cmdport 0
`;

const peers = ["busybox", "chronyd", "curl", "logger", "rdate"];

describeWithPeers("prov serve on the well-known ports, asked by real clients", peers, () => {
  let lab: NetworkLab;
  let server: Peer;
  let clients: string;

  beforeAll(async () => {
    lab = new NetworkLab();
    const headend = lab.addNamespace("headend");
    clients = lab.addNamespace("clients");
    lab.link(
      ...([headend, { interfaceName: "serve0", address: `${serverAddress}/24` }] as const),
      ...([clients, { interfaceName: "client0", address: `${clientAddress}/24` }] as const),
    );
    mkdirSync(lab.path("tftp"));
    writeFileSync(lab.path(`tftp/${imageName}`), image);
    writeFileSync(
      lab.path("prov.yaml"),
      `schema: provlab/prov@1
address: ${serverAddress}
tftp: { root: ${lab.path("tftp")} }
time: {}
ntp: {}
syslog: { directory: ${lab.path("log")} }
`,
    );
    const args = ["serve", "-c", lab.path("prov.yaml"), "--log-format", "text"];
    server = lab.start(headend, process.execPath, [prov, ...args]);
    for (const started of ["tftp.* 69", "time.* 37", "ntp.* 123", "syslog.* 514"]) {
      await server.waitFor(new RegExp(`${started}$`, "m"));
    }
  });

  afterAll(async () => {
    const ended = await server?.stop();
    await lab.close();
    expect(ended?.status, ended?.output).toBe(0);
  });

  /** Runs a client to its end, which must be a good one. */
  async function ask(command: string, ...args: readonly string[]): Promise<Ended> {
    const ended = await lab.run(clients, command, args);
    expect(ended.status, `${command}: ${ended.output}${server.output}`).toBe(0);
    return ended;
  }

  describe("RFC 868 and NTP: the time that clients print is this machine's", () => {
    test.each<[string, string, readonly string[]]>([
      ["Time over TCP, busybox rdate", "busybox", ["rdate", "-p", serverAddress]],
      ["Time over TCP, rdate", "rdate", ["-4", "-p", serverAddress]],
      ["Time over UDP, rdate", "rdate", ["-4", "-p", "-u", serverAddress]],
      ["SNTP, rdate", "rdate", ["-4", "-p", "-n", serverAddress]],
    ])("%s", async (_name, command, args) => {
      const { output } = await ask(command, ...args);
      // The clients write local time, as this process reads it.
      const printedMs = Date.parse(output.trim().replace(/ [A-Z]+ (\d{4})$/, " $1"));
      expect(Math.abs(printedMs - Date.now()) / 1000, output).toBeLessThan(clockSecondsMax);
    });

    test("chronyd -Q accepts our NTP and finds its own clock in agreement", async () => {
      writeFileSync(lab.path("chrony.conf"), chronyConfig);
      const { output } = await ask("chronyd", "-Q", "-t", "30", "-f", lab.path("chrony.conf"));
      const [, seconds] = /System clock wrong by (-?[\d.]+) seconds \(ignored\)/.exec(output) ?? [];
      expect(Math.abs(Number(seconds)), output).toBeLessThan(0.1);
    });
  });

  test("TFTP on port 69: curl fetches a file through the namespaces", async () => {
    const output = lab.path("fetched");
    await ask("curl", "-sS", "-o", output, `tftp://${serverAddress}/${imageName}`);
    expect(readFileSync(output).equals(image)).toBe(true);
  });

  describe("LOG-1: what logger sends is in the file of its facility, and in no other", () => {
    const combinations = transports.flatMap(([transport, transportFlags]) =>
      formats.map(([format, formatFlags]) => ({
        name: `${format} over ${transport}`,
        flags: [...transportFlags, ...formatFlags],
      })),
    );

    test.each(combinations)("$name", async ({ name, flags }) => {
      for (const [facility] of files) {
        await log([...flags, "-p", `${facility}.warning`], `${facility}: ${name}`);
      }
      const found = await arrived(`: ${name}`, files.length);
      for (const [facility, file] of files) {
        const lines = found.filter((entry) => entry.line.endsWith(`${facility}: ${name}`));
        expect(lines.map((entry) => entry.file)).toEqual([file]);
        expect(lines[0].line).toMatch(lineOf(`${facility}.warning`, `${facility}: ${name}`));
      }
    });

    test("structured data and message id of RFC 5424, and text that is not ASCII", async () => {
      const data = ["--msgid", "BOOT", "--sd-id", "meter@4491", "--sd-param", 'serial="17"'];
      await log(["-d", "--rfc5424", "-p", "local6.info", ...data], "Zähler 17 läuft");
      const [entry] = await arrived("17 läuft", 1);
      expect(entry!.file).toBe("dhcp.log");
      expect(entry!.line).toContain("BOOT [timeQuality ");
      expect(entry!.line).toContain('[meter@4491 serial="17"] Zähler 17 läuft');
    });

    test("a thousand lines on one TCP connection arrive all, in their order", async () => {
      const said = Array.from({ length: 1000 }, (_, i) => `step ${i} of a long boot`);
      writeFileSync(lab.path("said"), `${said.join("\n")}\n`);
      const source = ["-f", lab.path("said")];
      await log(["-T", "--octet-count", "-p", "local5.info", ...source]);
      const found = await arrived("of a long boot", said.length);
      expect(found.map(({ line }) => /step .*$/.exec(line)?.[0])).toEqual(said);
    });

    test("what no rule wants is in no file", async () => {
      await log(["-d", "-p", "mail.info"], "refused: a letter");
      await log(["-d", "-p", "user.debug"], "refused: a detail");
      // One sender's datagrams stay in order: once this one is there, the others were looked at.
      await log(["-d", "-p", "local6.info"], "after what was refused");
      expect(await arrived("after what was refused", 1)).toHaveLength(1);
      expect(linesWith("refused: ")).toEqual([]);
    });
  });

  /** `logger` to the server, as process 4711 of the program `provlab`. */
  async function log(flags: readonly string[], ...text: readonly string[]): Promise<void> {
    const sender = ["-n", serverAddress, "-P", "514", "-t", "provlab", "--id=4711"];
    await ask("logger", ...sender, ...flags, ...text);
  }

  /** The lines of all log files that have `text` in them, once there are `count`. */
  async function arrived(text: string, count: number) {
    await expect.poll(() => linesWith(text).length).toBe(count);
    return linesWith(text);
  }

  function linesWith(text: string) {
    return files.flatMap(([, file]) => {
      const path = lab.path(`log/${file}`);
      if (!existsSync(path)) return [];
      const lines = readFileSync(path, "utf8").split("\n");
      return lines.filter((line) => line.includes(text)).map((line) => ({ file, line }));
    });
  }
});

/** A line of a log file: its own time, the sender's address and name, then what was sent. */
function lineOf(priority: string, text: string): RegExp {
  const source = clientAddress.replaceAll(".", "\\.");
  return new RegExp(`^[-\\dT:.]+Z ${source} \\S+ ${priority} provlab\\[4711\\]: .*${text}$`);
}
