import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import type { CapacityResult } from "../../reports/capacity/capacity-result.ts";
import type { OutageResult } from "../../reports/capacity/outage-result.ts";
import { writeAnswer } from "../../simulator/worker/answer.ts";
import { DhcpdFolder } from "../loopback/dhcpd-command.testing.ts";
import { connect, restore, smallScenario } from "../small-scenario.testing.ts";

const lab = new DhcpdFolder();
afterAll(() => lab.close());

const devices = smallScenario("few", {
  population: { cableModems: 1000, cmtsCount: 1 },
  phases: [connect(100)],
});
lab.write("few.yaml", devices);

const TERMS = { serverIdentifier: 0x7f00_0001, leaseSeconds: 3600 };

/** Answers so many messages a second, evenly, and drops the rest. */
class LimitedServer {
  readonly #socket: Socket = createSocket({ type: "udp4", reuseAddr: true });
  readonly #reply = new Uint8Array(1500);
  #allowed = 0;
  #lastMs = performance.now();

  async open(messagesPerSecond: number): Promise<number> {
    this.#socket.on("message", (bytes, from) => {
      const nowMs = performance.now();
      const earned = ((nowMs - this.#lastMs) * messagesPerSecond) / 1000;
      // So much may be made up for, so that a late turn of the loop loses nothing.
      this.#allowed = Math.min(this.#allowed + earned, messagesPerSecond / 20);
      this.#lastMs = nowMs;
      if (this.#allowed < 1) return;
      const length = writeAnswer(bytes, TERMS, this.#reply);
      if (length === 0) return;
      this.#allowed -= 1;
      this.#socket.send(Uint8Array.from(this.#reply.subarray(0, length)), from.port, from.address);
    });
    this.#socket.bind(0, "127.0.0.1");
    await once(this.#socket, "listening");
    return this.#socket.address().port;
  }

  /** To be called once, whether it was opened or not. */
  close(): void {
    this.#socket.close();
  }
}

// One step of four from 300 to 1.6 times as much is 12.5 %.
const quick = ["--trial", "500 ms", "--precision", "13%", "--workers", "1", "--within", "200 ms"];

function resultOf<Result>(file: string): Result {
  return JSON.parse(readFileSync(lab.path(file), "utf8")) as Result;
}

// Most of a search is waiting for the trials' seconds, at rates far below what the machine can do: so
// searches wait side by side, each with servers, ports and a folder of its own.
describe.concurrent("prov capacity", () => {
  const server = new LimitedServer();
  afterAll(() => server.close());

  test("finds the limit of a server, and says how sure it is", async () => {
    // Half of the messages are REQUESTs, and a transaction needs both of its answers.
    const port = await server.open(800);
    const target = ["--target", `127.0.0.1:${port}`, "--first-rate", "300", "--repeats", "1"];
    // Whoever was not answered is bound at half of a rate, and that takes its time.
    const plant = ["--set", "population.cableModems=400"];
    const ran = await lab.provBeside(
      "capacity",
      "few.yaml",
      ...target,
      ...plant,
      ...quick,
      "--out",
      "limited",
    );
    expect([ran.status, ran.stderr]).toEqual([0, expect.not.stringContaining("Error")]);
    const result = resultOf<CapacityResult>("limited/capacity.json");
    expect(result).toMatchObject({ schema: "provlab/capacity@1", verdict: "found", violations: 0 });
    // 400 transactions a second, and the 2.5 % that may go unanswered.
    expect(result.maximumPerSecond!).toBeGreaterThan(340);
    expect(result.maximumPerSecond!).toBeLessThan(480);
    expect(result.repeats.map(({ end }) => end)).toEqual(["found"]);
    expect(result.latency.map(({ sharePercent }) => sharePercent)).toEqual([50, 80, 100]);
    expect(ran.stdout).toMatch(/^\d+ discover\/s, of one search$/m);
    expect(readFileSync(lab.path("limited/capacity.md"), "utf8")).toContain("## ✅ Capacity");
    expect(readFileSync(lab.path("limited/capacity.html"), "utf8")).toContain("Latency at shares");
  });

  test.each(["discover", "renew", "boot"])(
    "our own server keeps %s up to --max-rate",
    async (exchange) => {
      const once = ["--repeats", "1", "--exchange", exchange, "--out", exchange];
      const options = [...quick, ...once, "--first-rate", "100", "--max-rate", "100"];
      const ran = await lab.provBeside("capacity", "few.yaml", ...options);
      expect([ran.status, ran.stderr]).toEqual([98, expect.not.stringContaining("Error")]);
      expect(resultOf<CapacityResult>(`${exchange}/capacity.json`)).toMatchObject({
        verdict: "bound",
        exchange,
        maximumPerSecond: 100,
        repeats: [{ devicesBound: 1000 }],
        reasons: ["The highest rate that may be tried was kept."],
      });
      expect(ran.stdout).toMatch(new RegExp(`^>= 100 ${exchange}/s, of one search$`, "m"));
    },
  );

  test("a server that is not there keeps nothing", async () => {
    const options = ["--target", "127.0.0.1:9", "--first-rate", "40", "--out", "nobody"];
    const { status, stderr } = await lab.provBeside("capacity", "few.yaml", ...options, ...quick);
    expect(status).toBe(1);
    expect(stderr).toMatch(/no longer answers/);
  });

  test.each([
    [["--repeats", "11"], /--repeats 11: give a whole number from 1 to 10/],
    [["--missed", "x"], /write a percentage up to 50/],
    [["--exchange", "boot", "--set", "population.mtas=5"], /--set population.mtas=0/],
  ])("%j is refused", async (options, message) => {
    const { status, stderr } = await lab.provBeside("capacity", "few.yaml", ...options);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});

// After the searches: what is measured here is time, in bursts.
describe("prov capacity outage", () => {
  lab.write(
    "cut.yaml",
    smallScenario("cut", {
      population: { cableModems: 400, mtas: 80, smartMeters: 20, cmtsCount: 4 },
      boot: { files: { meterImageBytes: 1024 } },
      phases: [connect(400), restore],
    }),
  );

  test.concurrent.each([
    // 100 modems a CMTS at 16 a second: some are not heard at first.
    ["ranging", ["--ranging", "16"]],
    // Two round trips of 100 ms a transfer: 20 sessions are 100 transfers a second.
    ["TFTP", ["--tftp-limit", "20", "--round-trip", "100 ms"]],
  ])("predicts what is measured where the limit is %s", async (limit, options) => {
    const args = ["cut.yaml", ...options, "--measure", "--out", limit];
    const ran = await lab.provBeside("capacity", "outage", ...args);
    expect([ran.status, ran.stderr]).toEqual([0, expect.not.stringContaining("Error")]);
    const { cells } = resultOf<OutageResult>(`${limit}/outage.json`);
    const { predicted, measured } = cells[0];
    for (const share of [50, 90, 99] as const) {
      expect(measured![share]!).toBeGreaterThan(predicted[share]! * 0.85);
      expect(measured![share]!).toBeLessThan(predicted[share]! * 1.15 + 500);
    }
  });
});
