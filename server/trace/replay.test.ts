import { expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import {
  type ClientMessage,
  clientPacket,
  deviceMac,
  ip,
  randomMessages,
  serverInterface,
} from "../dhcp/decide/engine.testing.ts";
import { played, RecordedServer } from "./trace.testing.ts";

const config = `
default-lease-time 60;
max-lease-time 90;
ddns-update-style none;
key "k" { algorithm hmac-md5; secret "c2VjcmV0"; }
subnet 10.9.0.0 netmask 255.255.255.0 {
  option routers 10.9.0.1;
  option log-servers logs.example.net;
  pool { ping-check true; range 10.9.0.100 10.9.0.104; }
  pool { ping-check false; range 10.9.0.105 10.9.0.109; }
}
subnet 10.8.0.0 netmask 255.255.255.0 { range 10.8.0.2 10.8.0.6; }
host fixed { hardware ethernet ${deviceMac(3)}; fixed-address 10.9.0.50; }
`;

const startingLease = `lease 10.9.0.101 {
  starts 2 2026/11/24 05:30:00; ends 2 2026/11/24 05:37:00; cltt 2 2026/11/24 05:30:00;
  binding state active; next binding state free;
  hardware ethernet ${deviceMac(1)};
}
`;

/** Some seconds of everything that can happen to a server; the same for the same seed. */
function busyServer(seed: number, withPings: boolean): RecordedServer {
  const prng = new Prng(seed, 1);
  const server = new RecordedServer({ config, leases: startingLease, withPings });
  const messages = [...randomMessages(seed, 300)];
  while (messages.length > 0) {
    const batch = messages.splice(0, prng.nextBelow(8)).map((message) => ({
      bytes: clientPacket(message).bytes!,
      source: prng.nextBelow(4) === 0 ? "10.9.0.102" : "0.0.0.0",
      destination: prng.nextBelow(2) === 0 ? "10.9.0.1" : "255.255.255.255",
      interfaceIndex: prng.nextBelow(12) === 0 ? 99 : serverInterface.index,
    }));
    if (prng.nextBelow(6) === 0) batch.push({ ...batch[0], bytes: Uint8Array.of(1, 2, 3) });
    if (prng.nextBelow(9) === 0) server.store.failNextCommit("ENOSPC");
    if (prng.nextBelow(9) === 0)
      server.hostNames.set("logs.example.net", [prng.nextBelow(1 << 30)]);
    if (server.echoes.length > 0 && prng.nextBelow(3) === 0) server.answerEcho(0);
    const isQuiet = prng.nextBelow(20) === 0;
    server.turn(prng.nextBelow(isQuiet ? 90_000 : 400), ...batch);
    for (let beat = 0; isQuiet && beat < 60; beat += 1) server.turn(1000 + prng.nextBelow(9));
  }
  server.end();
  return server;
}

for (const withPings of [true, false]) {
  test(`a recording plays back without a difference, ${withPings ? "with" : "without"} probes`, () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const server = busyServer(seed, withPings);
      expect(server.sent, `seed ${seed}`).toBeGreaterThan(20);
      const { differences, lines } = played(server.bytes);
      expect(lines.slice(1, -1), `seed ${seed}`).toEqual([]);
      expect(differences).toBe(0);
    }
  });
}

test("names of addresses, and that of the machine, are those of the recording", () => {
  const named = `get-lease-hostnames on; option tftp-server-name = gethostname(); ${config}`;
  const server = new RecordedServer({ config: named });
  const ask = { bytes: clientPacket({ mac: deviceMac(3), list: [12, 66] }).bytes! };
  for (const name of ["a.example", "b.example", undefined]) {
    server.turn(10, ask);
    if (name === undefined) server.addressNames.clear();
    else server.addressNames.set(ip("10.9.0.50"), name);
  }
  server.turn(10, ask);
  server.end();
  expect(played(server.bytes).lines.slice(1)).toEqual([
    "4 packets, 4 replies recorded, 0 differences",
  ]);
  const other = named.replace("lease-hostnames on", "lease-hostnames off");
  const isName = (line: string): boolean => /host-name|tftp-server-name/.test(line);
  expect(played(server.bytes, other.replace("gethostname()", '"x"')).lines.filter(isName)).toEqual([
    '  option tftp-server-name (66): recorded "recorded.example", now "x"',
    '  option host-name (12): recorded "a.example", now none',
    '  option tftp-server-name (66): recorded "recorded.example", now "x"',
    '  option host-name (12): recorded "b.example", now none',
    '  option tftp-server-name (66): recorded "recorded.example", now "x"',
    '  option tftp-server-name (66): recorded "recorded.example", now "x"',
  ]);
});

test("another configuration shows what it changes, for every packet that it changes", () => {
  const server = new RecordedServer({ config });
  const discover = (device: number) => ({ bytes: clientPacket({ mac: deviceMac(device) }).bytes! });
  server.turn(10, discover(3), discover(4));
  server.end();
  const other = config
    .replace("option routers 10.9.0.1;", "option routers 10.9.0.254;")
    .replace("fixed-address 10.9.0.50;", "fixed-address 10.9.0.51;");
  expect(played(server.bytes, other).lines).toEqual([
    expect.stringMatching(/recorded from 2026-11-24T05:36:09\.000Z by test$/),
    "packet 1, 2026-11-24T05:36:09.010Z, DHCPDISCOVER from 02:10:00:00:00:03, transaction 12345678",
    expect.stringMatching(/^ {2}sent: recorded to 10\.9\.0\.50 port 68 .*, now to 10\.9\.0\.51 /),
    "  yiaddr: recorded 10.9.0.50, now 10.9.0.51",
    "  option routers (3): recorded 10.9.0.1, now 10.9.0.254",
    "packet 2, 2026-11-24T05:36:09.010Z, DHCPDISCOVER from 02:10:00:00:00:04, transaction 12345678",
    "  option routers (3): recorded 10.9.0.1, now 10.9.0.254",
    "2 packets, 2 replies recorded, 2 differences",
  ]);
  const shut = config.replace("range 10.9.0.100", "deny unknown-clients; range 10.9.0.100");
  const silent = played(
    server.bytes,
    shut.replace("range 10.9.0.105", "deny all clients; range 10.9.0.105"),
  );
  expect(silent.lines.at(-2)).toMatch(
    /^ {2}reply: recorded DHCPOFFER 10\.9\.0\.1\d\d, now none \(/,
  );
  expect(silent.differences).toBe(1);
});

test("a reply where there was none is a difference, too", () => {
  const server = new RecordedServer({
    config: config.replace("subnet 10.8", "deny booting; subnet 10.8"),
  });
  server.turn(10, { bytes: clientPacket({}).bytes! });
  server.end();
  const { lines } = played(server.bytes, config);
  expect(lines.at(-2)).toMatch(
    /^ {2}reply: recorded none \(booting-denied\), now DHCPOFFER 10\.9\.0\./,
  );
});

test("a recording may end anywhere: every prefix of it plays back", () => {
  const server = busyServer(7, true);
  const { bytes } = server;
  const whole = played(bytes).lines.at(-1)!;
  for (let length = bytes.length - 2500; length < bytes.length; length += 7) {
    const { differences, lines } = played(bytes.subarray(0, length));
    expect(lines.slice(1, -1), `${length} bytes`).toEqual([]);
    expect(differences).toBe(0);
    expect(lines.at(-1)).toMatch(/; the recording was cut off$/);
  }
  expect(whole).not.toContain("cut off");
});

test("the packet that broke the server is in the trace, with the mark that it did", () => {
  const server = new RecordedServer({ config });
  server.turn(10, { bytes: clientPacket({}).bytes! });
  server.breakEngine();
  const bad = { bytes: clientPacket({ mac: deviceMac(9) }).bytes! };
  expect(() => server.turn(10, bad)).toThrow("a bug");
  server.end();
  expect(played(server.bytes).lines.at(-1)).toBe(
    "2 packets, 1 replies recorded, 1 differences; the recording ends because the server broke",
  );
});

test("a packet that the server went on without is in the trace as undecidable", () => {
  const server = new RecordedServer({ config, contains: true });
  const ask = (device: number) => ({ bytes: clientPacket({ mac: deviceMac(device) }).bytes! });
  server.turn(10, ask(1));
  server.breakEngine();
  server.turn(10, ask(9));
  server.breakEngine(false);
  server.turn(10, ask(1));
  server.end();
  expect(played(server.bytes).lines.slice(2)).toEqual([
    expect.stringMatching(/^ {2}reply: recorded none \(undecidable\), now DHCPOFFER 10\.9\.0\./),
    "3 packets, 2 replies recorded, 1 differences",
  ]);
});

test("at its size limit a recording ends with a mark, and the server goes on", () => {
  const server = new RecordedServer({ config, bytesMax: 6000 });
  for (let device = 1; device < 40; device += 1) {
    server.turn(10, { bytes: clientPacket({ mac: deviceMac(device), giaddr: "10.9.0.2" }).bytes! });
  }
  server.end();
  expect(server.bytes.length).toBeLessThanOrEqual(6000);
  expect(server.sent).toBeGreaterThan(9);
  expect(server.complaints).toEqual([
    "Trace file test.trace: it has its 6000 bytes, so the recording ends here. Service goes on.",
  ]);
  const { differences, lines } = played(server.bytes);
  expect(lines.at(-1)).toMatch(/0 differences; the recording ends at its size limit$/);
  expect(differences).toBe(0);
});

test("a disk that is full ends the recording, not the service", () => {
  const server = new RecordedServer({ config, roomBytes: 5000 });
  for (let device = 1; device < 40; device += 1) {
    server.turn(10, { bytes: clientPacket({ mac: deviceMac(device), giaddr: "10.9.0.2" }).bytes! });
  }
  server.end();
  expect(server.bytes.length).toBe(5000);
  expect(server.complaints).toEqual([
    "Trace file test.trace: it cannot be written, so the recording ends here. Service goes on.",
  ]);
  expect(played(server.bytes).lines.at(-1)).toMatch(/0 differences; the recording was cut off$/);
});

test("a limit that configuration and leases alone exceed refuses the start", () => {
  expect(() => new RecordedServer({ config, bytesMax: 500 })).toThrow(/raise --trace-limit/);
});

test("secrets of keys are not in the trace", () => {
  const server = new RecordedServer({ config });
  server.end();
  const text = Buffer.from(server.bytes).toString("latin1");
  expect(text).toContain('secret "AAAAAAAA";');
  expect(text).not.toContain("c2VjcmV0");
});

test("a quiet server records nothing", () => {
  const server = new RecordedServer({ config });
  for (let second = 0; second < 5; second += 1) server.turn(1000);
  const before = server.bytes.length;
  for (let second = 0; second < 1000; second += 1) server.turn(1000);
  expect(server.bytes.length).toBe(before);
});

test("leases that end earlier now are free again after a quiet time", () => {
  const one = config
    .replace("10.8.0.2 10.8.0.6", "10.8.0.2")
    .replace("lease-time 60", "lease-time 3000");
  const long = one.replace("lease-time 90", "lease-time 3000");
  const server = new RecordedServer({ config: long });
  const near = { giaddr: "10.8.0.254" };
  const bytesOf = (message: ClientMessage) => ({
    bytes: clientPacket({ ...near, ...message }).bytes!,
  });
  server.turn(10, bytesOf({ mac: deviceMac(7) }));
  server.turn(
    10,
    bytesOf({ mac: deviceMac(7), type: "request", requested: "10.8.0.2", serverId: "10.9.0.1" }),
  );
  for (let second = 0; second < 1000; second += 1) server.turn(1000);
  server.turn(10, bytesOf({ mac: deviceMac(8) }));
  server.end();
  expect(played(server.bytes).differences).toBe(0);
  const { lines } = played(server.bytes, config.replace("10.8.0.2 10.8.0.6", "10.8.0.2"));
  expect(lines.at(-2)).toBe("  reply: recorded none (no-free-lease), now DHCPOFFER 10.8.0.2");
});
