import { expect, test } from "vitest";
import { countBound, udpSocketsBoundTo } from "./port-sharing.ts";
import { openUdpSocket } from "./udp-socket.ts";

const LOOPBACK = 0x7f00_0001;

const table = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
 5536: 0100007F:5827 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0
 5536: 00000000:5827 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0
 5537: 0100007F:5827 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0
`;

test.each([
  [LOOPBACK, 0x5827, 2],
  [0, 0x5827, 1],
  [LOOPBACK, 0x5828, 0],
  [0x0100_007f, 0x5827, 0],
])("address %d, port %d: %d sockets", (address, port, count) => {
  expect(countBound(table, address, port, true)).toBe(count);
});

test("a big-endian machine writes the address the other way round", () => {
  expect(countBound(table.replaceAll("0100007F", "7F000001"), LOOPBACK, 0x5827, false)).toBe(2);
});

test.runIf(process.platform === "linux")("counts exact matches, not the wildcard", async () => {
  const first = await openUdpSocket({ address: LOOPBACK, port: 0 });
  const port = first.localPort;
  const wildcard = await openUdpSocket({ address: 0, port });
  expect(udpSocketsBoundTo(LOOPBACK, port)).toBe(1);
  const second = await openUdpSocket({ address: LOOPBACK, port });
  expect(udpSocketsBoundTo(LOOPBACK, port)).toBe(2);
  for (const socket of [first, wildcard, second]) socket.close();
  expect(udpSocketsBoundTo(LOOPBACK, port)).toBe(0);
});
