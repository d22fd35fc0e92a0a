import { formatIpv4, isLoopback } from "../../protocol/ipv4.ts";
import { Population } from "../../scenarios/population/population.ts";
import type { RunPlan } from "../../simulator/plan/run-plan.ts";
import { askServices, type FirstAnswers } from "../../simulator/preflight/edge/ask-services.ts";
import { UsageError } from "../options/usage-error.ts";

const names = { tftp: "TFTP", time: "Time", ntp: "NTP" } as const;

/**
 * Asks each service that the run needs once. Throws UsageError if one is silent without which no device gets
 * anywhere; returns warnings, a line each, about others.
 */
export async function preflight(plan: RunPlan): Promise<readonly string[]> {
  const { fatal, warnings, remedy } = silenceWords(plan, await askServices(plan));
  if (fatal.length === 0) return warnings;
  throw new UsageError([...fatal, ...warnings, `Nothing was run: ${remedy}`].join("\n"));
}

/** What the silences mean for the run. A modem goes on without the time (TIME-5: an optional step). */
export function silenceWords(
  { servers, boot, population }: Pick<RunPlan, "servers" | "boot" | "population">,
  { kinds, silent }: FirstAnswers,
): {
  readonly fatal: readonly string[];
  readonly warnings: readonly string[];
  /** What to look at, or to type instead. */
  readonly remedy: string;
} {
  const targets = servers.map(({ address, port }) => `${formatIpv4(address)}:${port}`).join(", ");
  const without = [...kinds].flatMap(([kind, isOffered]) => (isOffered ? [] : [kind]));
  const offer = `no DHCP server at ${targets} offered an address to the first ${without.join(", ")} that asked`;
  const services = [...silent].map(([service, addresses]) => {
    const at = addresses.map((address) => `${formatIpv4(address)}:${boot?.policy.ports[service]}`);
    return { service, words: `no ${names[service]} server answered at ${at.join(", ")}` };
  });
  const isNeeded = (service: string): boolean =>
    service === "tftp" || (service === "ntp" && boot?.policy.ntpOptional !== true);
  const isDhcpSilent = without.length === kinds.size;
  const isOutOfReach =
    isLoopback(new Population(population).firstAddress) &&
    !servers.every(({ address }) => isLoopback(address));
  return {
    fatal: [
      ...(isDhcpSilent ? [offer] : []),
      ...services.flatMap(({ service, words }) => (isNeeded(service) ? [words] : [])),
    ],
    warnings: [
      ...(without.length > 0 && !isDhcpSilent ? [offer] : []),
      ...services.flatMap(({ service, words }) =>
        isNeeded(service) ? [] : [`${words}: modems wait for it in vain, then go on without (7 s)`],
      ),
    ],
    remedy: remedies[isDhcpSilent ? (isOutOfReach ? "block" : "dhcp") : "services"],
  };
}

const remedies = {
  dhcp: "is it serving there, with what prov config prints for this scenario?",
  block:
    "the devices have addresses of 127.0.0.0/8, which no server outside this machine can answer. " +
    "Give them a block that is routed to here (--set population.addressBlock=10.64.0.0/10), " +
    "in prov config, too.",
  services:
    "is it serving there, with what prov config prints for this scenario? A server of DHCP alone " +
    "is asked by discover and renew, which is what prov load plays.",
} as const;
