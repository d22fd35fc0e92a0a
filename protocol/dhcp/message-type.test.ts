import { expect, test } from "vitest";
import { MessageType, messageTypeName } from "./message-type.ts";

test.each([
  [MessageType.discover, 1, "DHCPDISCOVER"],
  [MessageType.offer, 2, "DHCPOFFER"],
  [MessageType.request, 3, "DHCPREQUEST"],
  [MessageType.decline, 4, "DHCPDECLINE"],
  [MessageType.ack, 5, "DHCPACK"],
  [MessageType.nak, 6, "DHCPNAK"],
  [MessageType.release, 7, "DHCPRELEASE"],
  [MessageType.inform, 8, "DHCPINFORM"],
  [MessageType.forceRenew, 9, "DHCPFORCERENEW"],
  [MessageType.leaseQuery, 10, "DHCPLEASEQUERY"],
  [MessageType.leaseUnassigned, 11, "DHCPLEASEUNASSIGNED"],
  [MessageType.leaseUnknown, 12, "DHCPLEASEUNKNOWN"],
  [MessageType.leaseActive, 13, "DHCPLEASEACTIVE"],
])("type %i is %i, %s (MSG-1, MSG-2)", (type, value, name) => {
  expect(type).toBe(value);
  expect(messageTypeName(type)).toBe(name);
});

test("other numbers have a name too", () => {
  expect(messageTypeName(0)).toBe("BOOTP");
  expect(messageTypeName(200)).toBe("type 200");
});
