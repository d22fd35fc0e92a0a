import { describe, expect, test } from "vitest";
import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import {
  type ClientMessage,
  clientPacket,
  configOf,
  serverInterface,
} from "../decide/engine.testing.ts";
import { locateNetwork } from "./network.ts";

const config = configOf(`
  subnet 10.9.0.0 netmask 255.255.255.0 { }
  shared-network cable {
    subnet 10.8.0.0 netmask 255.255.255.0 { }
    subnet 10.7.0.0 netmask 255.255.255.0 { }
  }
  subnet 10.6.0.0 netmask 255.255.255.0 { }
`);
const link = (third: number): number[] => [1, 1, 9, 5, 4, 10, third, 0, 0];
const selection = [{ code: 118, value: Uint8Array.of(10, 6, 0, 0) }];

describe("the network of a packet (CONF-8)", () => {
  test.each<[string, ClientMessage, string | undefined]>([
    ["giaddr in the first subnet of a shared network", { giaddr: "10.8.0.1" }, "cable"],
    ["giaddr in its second subnet", { giaddr: "10.7.0.1" }, "cable"],
    ["unknown giaddr", { giaddr: "172.16.0.1" }, undefined],
    ["link selection before giaddr", { giaddr: "10.6.0.1", relayAgent: link(8) }, "cable"],
    ["link selection before option 118", { options: selection, relayAgent: link(8) }, "cable"],
    ["option 118 before giaddr", { giaddr: "10.8.0.1", options: selection }, "10.6.0.0/24"],
    [
      "unknown link selection, known giaddr",
      { giaddr: "10.8.0.1", relayAgent: link(1) },
      undefined,
    ],
    [
      "a link selection of the wrong length",
      { giaddr: "10.8.0.1", relayAgent: [5, 3, 10, 6, 0] },
      "cable",
    ],
    ["ciaddr before the interface", { ciaddr: "10.8.0.77", type: "request" }, "cable"],
    [
      "giaddr before ciaddr",
      { ciaddr: "10.8.0.77", giaddr: "10.6.0.1", type: "request" },
      "10.6.0.0/24",
    ],
    ["unknown ciaddr: the interface", { ciaddr: "172.16.0.1", type: "request" }, "10.9.0.0/24"],
    ["ciaddr of a DISCOVER is not believed", { ciaddr: "10.8.0.77" }, "10.9.0.0/24"],
    ["nothing: the interface", {}, "10.9.0.0/24"],
  ])("%s", (_name, message, expected) => {
    const type = MessageType[(message.type ?? "discover") as keyof typeof MessageType];
    const packet = clientPacket(message);
    const relayAgent = packet.options.get(82);
    const network = locateNetwork(config, packet, relayAgent, serverInterface, type);
    expect(network?.name).toBe(expected);
  });

  test("an unknown interface is on no network", () => {
    expect(locateNetwork(config, clientPacket({}), undefined, undefined, 1)).toBeUndefined();
  });
});
