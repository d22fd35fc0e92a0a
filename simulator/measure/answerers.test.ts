import { expect, test } from "vitest";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { BootOperation, decodePacket, encodePacket } from "../../protocol/dhcp/packet.ts";
import { writeIpv4 } from "../../protocol/ipv4.ts";
import { ReplyReader } from "../device/reply.ts";
import { Answerers } from "./answerers.ts";

const [a, b, service] = [0xc000_0201, 0xc000_0202, 0xc000_020a];
const servers = [a, b].map((address) => ({ address, port: 67 }));
const shared = { identifier: service, serverNames: ["node-a", "node-b"] };

function ackBytes(identifier: number | undefined, sname: string): Uint8Array {
  const value = new Uint8Array(4);
  writeIpv4(value, 0, identifier ?? 0);
  const target = new Uint8Array(600);
  const end = encodePacket(
    {
      ...{ op: BootOperation.reply, htype: 1, hops: 0, xid: 7, secs: 0, flags: 0 },
      ...{ ciaddr: 0, yiaddr: 0x0a40_0001, siaddr: 0, giaddr: 0 },
      chaddr: new Uint8Array(6),
      sname: new TextEncoder().encode(sname),
      file: new Uint8Array(0),
      options: [
        { code: OptionCode.messageType, value: Uint8Array.of(MessageType.ack) },
        ...(identifier === undefined ? [] : [{ code: OptionCode.serverIdentifier, value }]),
      ],
    },
    target,
    0,
  );
  return target.slice(0, end);
}

test.each([
  ["node a", service, "node-a", a],
  ["node b", service, "node-b", b],
  ["no name", service, "", 0],
  ["somebody else's name", service, "node-c", 0],
  ["the beginning of a name", service, "node", 0],
  ["a name and more", service, "node-a2", 0],
  ["a node's own identifier", a, "node-a", 0],
  ["no identifier", undefined, "node-a", 0],
])("servers with one identifier are told apart by sname: %s", (_, identifier, name, who) => {
  const answerers = new Answerers(servers, shared);
  const bytes = ackBytes(identifier, name);
  expect(answerers.of(new ReplyReader().read(bytes))).toBe(who);
  expect(answerers.of(decodePacket(bytes))).toBe(who);
});

test("servers with identifiers of their own are told apart by those, whatever they are called", () => {
  const answerers = new Answerers(servers);
  const of = (identifier: number | undefined, name: string): number =>
    answerers.of(new ReplyReader().read(ackBytes(identifier, name)));
  expect(of(b, "node-a")).toBe(b);
  expect(of(0xc000_0299, "")).toBe(0xc000_0299);
  expect(of(undefined, "node-a")).toBe(0);
});
