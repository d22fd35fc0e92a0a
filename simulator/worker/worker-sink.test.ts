import { expect, test } from "vitest";
import type { DhcpPacket } from "../../protocol/dhcp/packet.ts";
import { Population } from "../../scenarios/population/population.ts";
import { AnswerCounts } from "../measure/answer-counts.ts";
import { Answerers } from "../measure/answerers.ts";
import { SafetyLog } from "../measure/safety-checker.ts";
import { SecondTally } from "../measure/time-series.ts";
import { WorkerSink } from "./worker-sink.ts";

const population = new Population({
  cableModems: 4,
  mtas: 0,
  cpes: 0,
  smartMeters: 0,
  cmtsCount: 2,
});

function newSink() {
  const sent: string[] = [];
  const socket = (name: string) => ({
    slot: () => new Uint8Array(8),
    push: (length: number, destination: number, port: number, source?: number) => {
      sent.push(`${name} ${length} ${destination}:${port} from ${source}`);
    },
  });
  const safety = new SafetyLog();
  const answers = new AnswerCounts();
  const tally = new SecondTally();
  const relaySocket = socket("relay");
  const deviceSocket = socket("device");
  return {
    sink: new WorkerSink({
      population,
      relaySocket,
      deviceSocket,
      safety,
      answerers: new Answerers([]),
      answers,
      tally,
    }),
    sent,
    safety,
    answers,
    tally,
  };
}

test("relayed packets leave from the giaddr of their CMTS, renewals from the device's address", () => {
  const { sink, sent } = newSink();
  sink.sendFromRelay(1, 300, 7, 67);
  sink.sendFromDevice(1234, 310, 7, 67);
  expect(sent).toEqual([
    `relay 300 7:67 from ${population.cmts(1).giaddr}`,
    "device 310 7:67 from 1234",
  ]);
});

test("between two phases leases are followed all the same", () => {
  const { sink, safety, answers, tally } = newSink();
  const times = { intendedAtMs: 0, sentAtMs: 0, receivedAtMs: 1 };
  const lease = { device: 1, address: 5, leaseSeconds: 60, leaseStartMs: 0, receivedAtMs: 1 };
  // Only boots look further into the message itself.
  const packet = { options: { getUInt32: () => 0x7f00_0002 } } as unknown as DhcpPacket;
  sink.acknowledged({ ...lease, packet });
  sink.completed({ device: 1, kind: "renew", origin: "device", ...times });
  sink.surrendered(1, 5, "released", 2);
  sink.anomaly("never-offered", 1, 5, 3);
  sink.retransmitted(1, "renew");
  sink.refused(1, "renew");
  expect(safety.count).toBe(3);
  expect(answers.toList()).toEqual([{ server: 0x7f00_0002, acknowledged: 1 }]);
  expect(tally.take().exchanges.renew).toMatchObject({ completed: 1 });
});
