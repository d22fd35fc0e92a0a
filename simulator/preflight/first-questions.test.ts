import { expect, test } from "vitest";
import { decodeNtp, NtpMode } from "../../protocol/ntp/packet.ts";
import { decodeTftp } from "../../protocol/tftp/packet.ts";
import type { BootParameters } from "../boot/boot-parameters.ts";
import { questionsOf } from "./first-questions.ts";

const offer: BootParameters = {
  ...{ address: 5, filename: "cm.bin", tftpServers: [10, 11], timeServers: [20], ntpServers: [30] },
  ...{ logServers: [40], mtaDhcpServers: [] },
};

test.each([
  ["cable-modem", ["time 20", "tftp 10", "tftp 11"]],
  ["mta", ["tftp 10", "tftp 11"]],
  ["cpe", []],
  ["smart-meter", ["ntp 30", "tftp 10", "tftp 11"]],
] as const)("a %s asks %j", (kind, expected) => {
  const asked = questionsOf(kind, offer, 0);
  expect(asked.map(({ service, server }) => `${service} ${server}`)).toEqual(expected);
  expect(asked.every(({ source }) => source === 5)).toBe(true);
});

test("the questions are those of the protocols", () => {
  const [ntp, tftp] = questionsOf("smart-meter", offer, 1e12);
  expect(decodeNtp(ntp!.bytes)).toMatchObject({ mode: NtpMode.client, version: 4 });
  expect(decodeTftp(tftp!.bytes)).toMatchObject({ filename: "cm.bin", mode: "octet" });
});

test("without a file there is nothing to fetch", () => {
  expect(questionsOf("mta", { ...offer, filename: "" }, 0)).toEqual([]);
});
