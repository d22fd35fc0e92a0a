import { OptionCode } from "./option-code.ts";

/**
 * The length that an option's RFC fixes, by code; 0 where it is not fixed. Only options that a server or
 * a client acts upon are listed: a mask of three bytes must not become an address by padding.
 */
export const fixedOptionLengths: Readonly<Uint8Array> = lengthsByCode();

function lengthsByCode(): Uint8Array {
  const lengths = new Uint8Array(256);
  for (const code of [
    OptionCode.subnetMask,
    OptionCode.requestedAddress,
    OptionCode.leaseTime,
    OptionCode.serverIdentifier,
    OptionCode.renewalTime,
    OptionCode.rebindingTime,
    OptionCode.clientLastTransactionTime,
    OptionCode.subnetSelection,
  ]) {
    lengths[code] = 4;
  }
  lengths[OptionCode.maxMessageSize] = 2;
  lengths[OptionCode.messageType] = 1;
  lengths[OptionCode.overload] = 1;
  return lengths;
}
