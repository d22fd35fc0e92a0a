import { latin1Text } from "../../../protocol/latin1.ts";
import { formatDiagnostic } from "../../../server/config/text/diagnostic.ts";
import { evaluateForPackets, parseExpressions } from "../config/expression-campaign.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { check } from "./oracle.ts";

/** A file that is refused says where and why; one that is accepted is evaluated for some packets. */
export const target: FuzzTarget = {
  read: (bytes) => {
    const outcome = parseExpressions(latin1Text(bytes));
    const diagnostics = outcome.kind === "ok" ? outcome.warnings : outcome.diagnostics;
    for (const diagnostic of diagnostics) {
      check("a diagnostic without a place", diagnostic.line >= 1 && diagnostic.column >= 1);
      formatDiagnostic(diagnostic);
    }
    if (outcome.kind === "ok") evaluateForPackets(outcome.config);
    else check("refused without a reason", outcome.diagnostics.length > 0);
  },
  words: [
    ...[
      "subnet 10.9.0.0 netmask 255.255.255.0 {",
      "shared-network a {",
      "pool {",
      "range 10.9.0.10 10.9.0.20;",
    ],
    ...[
      "host a {",
      "hardware ethernet 2:0:0:0:0:1;",
      "fixed-address ",
      'class "a" {',
      'subclass "a" 1:2:3;',
    ],
    ...[
      "match if ",
      "spawn with ",
      "lease limit ",
      'allow members of "a";',
      "deny unknown-clients;",
    ],
    ...[
      "option agent.remote-id",
      "option vendor-class-identifier",
      "option domain-name-servers ",
      "group {",
    ],
    ...[
      "substring (",
      "concat (",
      "binary-to-ascii (",
      "encode-int (",
      "extract-int (",
      "pick-first-value (",
    ],
    ...[
      "if exists ",
      "elsif ",
      "else {",
      "switch (",
      "case ",
      "default:",
      "log (info, ",
      "set a = ",
    ],
    ...["on commit {", 'execute ("/bin/true");', "define f (a) {", "return ", "option space s;"],
    ...[
      "option s.a code 1 = array of ip-address;",
      "vendor-option-space s;",
      "key k {",
      "zone example. {",
    ],
    ...[
      'failover peer "p" {',
      "next-server ",
      'filename "',
      'server-name "',
      "ddns-update-style none;",
    ],
    ...[
      'include "',
      '~= "',
      "default-lease-time ",
      "lease-file-name ",
      "option a code 251 = {",
      "authoritative;",
    ],
  ],
};
