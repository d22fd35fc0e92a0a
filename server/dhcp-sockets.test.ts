import { expect, test } from "vitest";
import { formatIpv4, parseIpv4 } from "../protocol/ipv4.ts";
import { parseConfig } from "./config/grammar/parse.ts";
import { tellWhatIsUnheard } from "./dhcp-sockets.ts";

const floating = parseIpv4("192.0.2.10")!;

function warningsFor(statement: string, address: number | undefined): string[] {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const parsed = parseConfig(
    "dhcpd.conf",
    () => `${statement}\nsubnet 192.0.2.0 netmask 255.255.255.0 { }`,
  );
  if (parsed.kind !== "ok") expect.fail(parsed.diagnostics[0]?.message);
  tellWhatIsUnheard(parsed.config, address, { error: log, warn: log, info: log, debug: log });
  return lines;
}

test("a floating address that the socket is not bound to is told of", () => {
  expect(warningsFor("local-address 192.0.2.1;", floating)).toEqual([
    expect.stringMatching(
      /at local-address 192.0.2.1 alone: .* 192.0.2.10 .* Take local-address out/,
    ),
  ]);
  const heard = ["", "local-address 0.0.0.0;", `local-address ${formatIpv4(floating)};`];
  for (const statement of heard) expect(warningsFor(statement, floating)).toEqual([]);
  expect(warningsFor("local-address 192.0.2.1;", undefined)).toEqual([]);
});
