import type { LeaseRecord } from "./lease.ts";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** 10.9.0.N as a number. */
export const address = (last: number): number => 0x0a09_0000 + last;

/** A cable modem's lease with everything that its packets bring. */
export const modemLease: LeaseRecord = {
  address: address(100),
  bindingState: "active",
  startsAt: 1_795_498_569,
  endsAt: 1_795_502_169,
  cltt: 1_795_498_569,
  nextBindingState: "free",
  rewindBindingState: "free",
  hardware: { type: 1, address: Uint8Array.of(2, 0, 0, 0, 0, 1) },
  clientId: Uint8Array.of(1, 2, 0, 0, 0, 0, 1),
  vendorClass: ascii("docsis3.0:052401010102"),
  variables: [
    ["note", ascii('say "hi" \\ bye\u0007')],
    ["count", 4_294_967_295],
    ["depth", -3],
    ["seen", true],
    ["lost", false],
  ],
  agentOptions: Uint8Array.of(
    ...[1, 4, 0, 0, 0, 1],
    ...[2, 6, 10, 11, 12, 13, 14, 15],
    ...[4, 4, 0, 0, 0, 5],
    ...[5, 4, 10, 9, 0, 1],
    ...[9, 6, 0, 0, 0x11, 0x8b, 1, 0],
    ...[200, 3, 0x61, 0x62, 0x63],
  ),
  hostname: ascii("modem-1"),
};

/** `modemLease` as isc-dhcp-server 4.4.3-P1 words it (statement order, blanks, escapes). */
export const modemText = `lease 10.9.0.100 {
  starts 2 2026/11/24 05:36:09;
  ends 2 2026/11/24 06:36:09;
  cltt 2 2026/11/24 05:36:09;
  binding state active;
  next binding state free;
  rewind binding state free;
  hardware ethernet 02:00:00:00:00:01;
  uid "\\001\\002\\000\\000\\000\\000\\001";
  set vendor-class-identifier = "docsis3.0:052401010102";
  set note = "say \\"hi\\" \\\\ bye\\007";
  set count = %4294967295;
  set depth = %-3;
  set seen = true;
  set lost = false;
  option agent.circuit-id 0:0:0:1;
  option agent.remote-id a:b:c:d:e:f;
  option agent.DOCSIS-device-class 5;
  option agent.link-selection 10.9.0.1;
  option agent.unknown-9 0:0:11:8b:1:0;
  option agent.unknown-200 "abc";
  client-hostname "modem-1";
}
`;

/** Records of every shape, each with another address. */
export const sampleRecords: readonly LeaseRecord[] = [
  modemLease,
  {
    address: address(101),
    bindingState: "free",
    startsAt: 1_795_498_569,
    endsAt: 1_795_498_600,
    tstp: 1_795_498_600,
    cltt: 1_795_498_569,
    hardware: { type: 1, address: Uint8Array.of(0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54) },
    clientId: ascii("meter-17"),
  },
  {
    address: address(102),
    bindingState: "abandoned",
    startsAt: 1_795_498_569,
    endsAt: 1_795_584_969,
    tstp: 1_795_584_969,
    nextBindingState: "free",
    rewindBindingState: "free",
  },
  {
    address: address(103),
    bindingState: "active",
    startsAt: 1_795_498_569,
    endsAt: null,
    hardware: { type: 6, address: Uint8Array.of(2, 0, 0, 0, 0, 3) },
    nextBindingState: "free",
    rewindBindingState: "free",
    reserved: true,
    bootp: true,
  },
  {
    address: address(104),
    bindingState: "active",
    startsAt: 1_795_498_569,
    endsAt: 4_294_967_294,
    hardware: { type: 200, address: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
    clientId: Uint8Array.from({ length: 255 }, (_, value) => value + 1),
    nextBindingState: "free",
    rewindBindingState: "free",
    billing: { className: "limited", hash: Uint8Array.of(0, 0, 0, 1) },
    kept: ['on expiry or release {\n    set x = "1";\n  }'],
    tsfp: 1_795_502_169,
    atsfp: null,
  },
  {
    address: address(105),
    bindingState: "backup",
    startsAt: 1_795_498_569,
    endsAt: 1_795_498_570,
    hardware: { type: 1, address: Uint8Array.of(2, 0, 0, 0, 0, 5) },
    nextBindingState: "backup",
    rewindBindingState: "free",
    billing: { className: 'gold "plus"' },
  },
];
