const words: Readonly<Record<string, string>> = {
  "dhcp-timeout": "no answer to any DHCP message",
  "dhcp-nak": "the server refused the address",
  "dhcp-expired": "the lease ran out before it was renewed",
  "dhcp-abandoned": "the device was told to begin anew",
  "address-outside-network": "the address belongs to no network of the population",
  "lease-lost": "the lease ended, or the server took it back",
  "no-server": "the ACK names no server for this step",
  "no-file": "the ACK names no file",
  "bad-file-name": "the ACK names a file that nobody can ask for",
  "no-answer": "no answer to any copy of the request",
  stalled: "the server answered, then stopped",
  "not-found": "the server has no such file (ERROR 1)",
  "access-violation": "the server refuses the file (ERROR 2)",
  "options-refused": "the server refuses even a request without options (ERROR 8)",
  "server-error": "the server sent another ERROR",
  "bad-packet": "the server sent what no server may send",
  "too-long": "more bytes than announced, or than the device has room for",
  "wrong-length": "the file ended at another length than it should",
  "wrong-hash": "the length is right, the bytes are not",
  unsynchronised: "the server does not know the time itself",
  denied: "the server wants to hear no more (kiss-o'-death)",
  "rate-limited": "the server asks for patience every time (kiss-o'-death RATE)",
  "cm-mic": "the modem finds that its file was changed (CM MIC)",
  "cmts-mic": "the CMTS finds that the file is not its operator's (CMTS MIC)",
  "file-format": "not a file of its kind",
  "cmts-timeout": "the CMTS never heard the modem",
  "modem-failed": "its modem gave up",
  "modem-lost": "its modem went down",
  "power-off": "the device was switched off while it fetched",
};

/** Explains why a boot failed; "" for a problem that this version does not know. */
export function problemWords(problem: string): string {
  return Object.hasOwn(words, problem) ? words[problem] : "";
}
