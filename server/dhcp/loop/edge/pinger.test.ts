import { expect, test } from "vitest";
import type { EchoReply } from "../../../../base/net/icmp-socket.ts";
import { Pinger } from "./pinger.ts";

function setUp() {
  const sent: EchoReply[] = [];
  let replies: EchoReply[] = [];
  const pinger = new Pinger({
    socket: {
      sendEcho: (source, id, sequence) => {
        sent.push({ source, id, sequence });
        return true;
      },
      receive: () => replies.splice(0),
      close: () => undefined,
    },
    identifier: 0x1_0007,
    nowMs: 500,
  });
  return {
    pinger,
    sent,
    answer: (...answers: EchoReply[]) => {
      replies = answers;
    },
  };
}

test("each probe ends once: answered, or out of time", () => {
  const { pinger, sent, answer } = setUp();
  expect(pinger.ping(11, 1001, 1500)).toBe(true);
  expect(pinger.ping(22, 1002, 1500)).toBe(true);
  expect(sent).toEqual([
    { source: 1001, id: 7, sequence: 0 },
    { source: 1002, id: 7, sequence: 1 },
  ]);
  answer(sent[1], sent[1]);
  expect(pinger.poll(700)).toEqual({ answered: [22], timedOut: [] });
  expect(pinger.outstanding).toBe(1);
  answer({ source: 1002, id: 7, sequence: 0 });
  expect(pinger.poll(1400)).toEqual({ answered: [], timedOut: [] });
  expect(pinger.poll(1510)).toEqual({ answered: [], timedOut: [11] });
  expect(pinger.outstanding).toBe(0);
  answer(sent[0]);
  expect(pinger.poll(1600)).toEqual({ answered: [], timedOut: [] });
});

test("65,536 probes may wait, and not one more", () => {
  const { pinger, sent, answer } = setUp();
  for (let ticket = 0; ticket < 65_536; ticket += 1) {
    expect(pinger.ping(ticket, 5000 + ticket, 9000)).toBe(true);
  }
  expect(pinger.ping(70_000, 1, 9000)).toBe(false);
  expect(sent).toHaveLength(65_536);
  answer(sent[40_000]);
  expect(pinger.poll(1000).answered).toEqual([40_000]);
  expect(pinger.ping(70_000, 1, 9000)).toBe(true);
  expect(sent.at(-1)?.sequence).toBe(40_000);
  expect(pinger.poll(9100).timedOut).toHaveLength(65_536);
});
