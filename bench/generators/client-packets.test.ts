import { expect, test } from "vitest";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { decodePacket, messageType } from "../../protocol/dhcp/packet.ts";
import { RelayAgentCode } from "../../protocol/dhcp/relay-agent.ts";
import { findSubOption } from "../../protocol/dhcp/sub-options.ts";
import { renewal, StrangerPackets } from "./client-packets.ts";

test("a renewal is a REQUEST with ciaddr and the client identifier, and nothing it must not have", () => {
  const mac = Uint8Array.of(2, 16, 0, 1, 2, 3);
  const packet = decodePacket(renewal(mac, 0x0a40_0010, 77));
  expect(messageType(packet)).toBe(MessageType.request);
  expect(packet).toMatchObject({ xid: 77, ciaddr: 0x0a40_0010, giaddr: 0 });
  expect(packet.options.get(OptionCode.clientIdentifier)).toEqual(Uint8Array.of(1, ...mac));
  expect(packet.options.get(OptionCode.serverIdentifier)).toBeUndefined();
  expect(packet.options.get(OptionCode.requestedAddress)).toBeUndefined();
});

test("every stranger is another modem, behind the relays in turns", () => {
  const giaddrs = [0x0a40_0001, 0x0a41_0001, 0x0a42_0001];
  const strangers = new StrangerPackets(giaddrs);
  const target = new Uint8Array(2048);
  const seen = new Set<string>();
  for (let count = 0; count < 1000; count += 1) {
    const { length, giaddr } = strangers.writeNext(target);
    const packet = decodePacket(target.slice(0, length));
    expect(messageType(packet)).toBe(MessageType.discover);
    expect([packet.giaddr, giaddr]).toEqual([giaddrs[count % 3], giaddrs[count % 3]]);
    const mac = packet.chaddr.subarray(0, 6);
    const information = packet.options.get(OptionCode.relayAgentInformation)!;
    expect(findSubOption(information, RelayAgentCode.remoteId)).toEqual(Uint8Array.from(mac));
    seen.add(mac.join(":"));
  }
  expect(seen.size).toBe(1000);
});
