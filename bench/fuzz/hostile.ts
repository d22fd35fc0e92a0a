import {
  exitStatus,
  oneOf,
  runProgram,
  tellProgress,
  wholeNumber,
} from "../harness/cli-options.ts";
import { type FuzzRequest, type FuzzSubject, fuzzSubjects } from "./campaign/fuzz-request.ts";
import { fuzzProtocol } from "./campaign/protocol.ts";
import { fuzzConfig } from "./config/expression-campaign.ts";
import { dhcpSubject } from "./dhcp/subject.ts";
import { tftpSubject } from "./tftp/subject.ts";

const usage = `npm run campaign:hostile -- [--only dhcp|tftp|config] [--server N] [--expressions N]
                                [--seed N] [--out FOLDER]

Sends N random and mutated packets to a running DHCP server and to a running TFTP server on the loopback
network (default 1,000,000 each); reads N random and mutated statements of dhcpd.conf and evaluates their
expressions (default 1,000,000). 0 leaves a part out. The seed is printed: the same seed makes the same
packets, but which transfer of a running TFTP server they are aimed at depends on its replies. Exit
status 0: nothing found; 99: something was.
`;

const SEED_SPAN = 1_000_000_000;
const packets = { min: 0, max: 10_000_000_000 };

const program = {
  name: "hostile",
  usage,
  folder: "hostile",
  options: {
    only: oneOf("subject", fuzzSubjects),
    server: wholeNumber(packets, 1_000_000),
    expressions: wholeNumber(packets, 1_000_000),
    seed: wholeNumber({ min: 0, max: 0xffff_ffff }, Date.now() % SEED_SPAN),
  },
};

/** Runs a subject's campaigns; true when nothing was found and nothing was cut short. */
const campaigns: Readonly<Record<FuzzSubject, (request: FuzzRequest) => Promise<boolean>>> = {
  dhcp: (request) => fuzzProtocol(request, dhcpSubject(request)),
  tftp: (request) => fuzzProtocol(request, tftpSubject(request)),
  config: fuzzConfig,
};

process.exitCode = await runProgram(program, async ({ only, ...options }, folder, signal) => {
  process.stdout.write(`seed ${options.seed}\n`);
  const onResult = (line: string): void => void process.stdout.write(`${line}\n`);
  const request = { ...options, folder, signal, onProgress: tellProgress, onResult };
  let isClean = true;
  for (const subject of fuzzSubjects) {
    if (signal.aborted || (only !== undefined && only !== subject)) continue;
    isClean = (await campaigns[subject](request)) && isClean;
  }
  return isClean && !signal.aborted ? exitStatus.pass : exitStatus.found;
});
