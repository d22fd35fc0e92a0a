import { describe, expect, test } from "vitest";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import type { DhcpPacket } from "../../protocol/dhcp/packet.ts";
import { RelayAgentCode } from "../../protocol/dhcp/relay-agent.ts";
import { findSubOption } from "../../protocol/dhcp/sub-options.ts";
import { Population } from "../../scenarios/population/population.ts";
import { RecordingSink, replyTo } from "../device/exchange.testing.ts";
import { MessageTemplates } from "../device/message/message-templates.ts";
import { RelayAgents } from "./cmts.ts";

const population = new Population({
  cableModems: 10,
  mtas: 10,
  cpes: 25,
  smartMeters: 10,
  cmtsCount: 4,
});
const [, firstMta, firstCpe, firstMeter] = population.firstOf;
const templates = new MessageTemplates(population);
const fields = { xid: 5, secs: 0, ciaddr: 0, requested: 1, server: 2 };
const servers = [{ address: 0x7f00_0001, port: 67 }];

function relayed(device: number): DhcpPacket {
  const sink = new RecordingSink();
  const relays = new RelayAgents(population, servers, sink);
  const buffer = relays.buffer();
  const length = templates.write(device, "request-selecting", fields, buffer);
  relays.forward(device, buffer, templates.endOffset, length);
  return sink.take()[0].packet;
}

describe("towards the server (RFC 3046 section 2.1)", () => {
  for (const [what, device, modem] of [
    ["a modem", 7, 7],
    ["an MTA", firstMta + 7, 7],
    ["a CPE", firstCpe + 17, 7],
    ["a meter", firstMeter + 3, firstMeter + 3],
  ] as const) {
    test(`${what}: giaddr, one hop, circuit-id, and the remote-id of CLASS-6`, () => {
      const packet = relayed(device);
      expect(packet.giaddr).toBe(population.cmts(population.cmtsOf(device)).giaddr);
      expect(packet.hops).toBe(1);
      const option = packet.options.get(OptionCode.relayAgentInformation);
      const subOptionOf = (code: number) => findSubOption(option ?? new Uint8Array(0), code);
      expect(subOptionOf(RelayAgentCode.circuitId)).toHaveLength(4);
      expect(subOptionOf(RelayAgentCode.remoteId)).toEqual(population.macOf(modem));
      expect(packet.options.codes().at(-1)).toBe(OptionCode.relayAgentInformation);
    });
  }
  test("the rest of the message is as the device sent it", () => {
    const target = new Uint8Array(1024);
    const length = templates.write(7, "request-selecting", fields, target);
    const packet = relayed(7);
    const bytes = packet.bytes?.slice(0, templates.endOffset) ?? new Uint8Array(0);
    bytes[3] = 0;
    bytes.fill(0, 24, 28);
    expect(bytes).toEqual(target.slice(0, templates.endOffset));
    expect(packet.bytes?.length).toBeGreaterThanOrEqual(length);
  });
});

describe("towards the device (RFC 3046 section 2.2)", () => {
  const relays = new RelayAgents(population, servers, new RecordingSink());
  const request = relayed(7);
  const { giaddr } = request;
  const reply = replyTo(request, { type: MessageType.offer });
  const fromOther = replyTo(relayed(3), { type: MessageType.offer });
  const bare = replyTo(request, { type: MessageType.offer, withoutRelayInformation: true });
  for (const [what, packet, destination, verdict] of [
    ["its own reply", reply, giaddr, "delivered"],
    ["a reply sent to another relay", reply, giaddr + 256, "not-for-us"],
    ["a reply without option 82", bare, giaddr, "not-echoed"],
  ] as const) {
    test(`${what}: ${verdict}`, () => expect(relays.judge(7, packet, destination)).toBe(verdict));
  }
  test("the option 82 of another modem on the same CMTS: not-echoed", () => {
    expect(fromOther.giaddr).toBe(giaddr);
    expect(relays.judge(7, fromOther, giaddr)).toBe("not-echoed");
  });
  test("a device of another CMTS does not hear it", () => {
    expect(relays.judge(6, reply, giaddr)).toBe("not-for-us");
  });
});
