import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { readPrivateFile } from "../../process/private-file.ts";
import { StartError } from "../../process/start-error.ts";

/** How to reach the members of etcd. Plain data, so that it can be sent to a thread. */
export interface EtcdAccess {
  /** `http://HOST:PORT` of each member; with `tls`, `https://HOST:PORT`. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTlsFiles | undefined;
}

/**
 * How a user of etcd reaches it. The nodes of a pair do not log in: etcd takes over 0.1 s for it, and a node
 * gives up a member after as little as 0.25 s.
 */
export interface EtcdUserAccess extends EtcdAccess {
  readonly credentials?: EtcdCredentials | undefined;
}

/** A user of etcd (`etcdctl user add`). */
export interface EtcdCredentials {
  readonly user: string;
  /** Path of the file with the password; only its owner may read it. */
  readonly passwordFile: string;
}

/** Paths of the PEM files by which this node and the members of etcd authenticate each other. */
export interface EtcdTlsFiles {
  /** The CA that signed the members' certificates. */
  readonly ca: string;
  /** This node's certificate, with the intermediate ones up to a CA that the members trust. */
  readonly certificate: string;
  /** The key of that certificate; only its owner may read it. */
  readonly key: string;
}

const KEY_BYTES_MAX = 64 * 1024;
const PASSWORD_BYTES_MAX = 1024;

/** What an operator should know of an etcd that lets everybody in; undefined with certificates. */
export function openEtcdWarning({ endpoints, tls }: EtcdAccess): string | undefined {
  if (tls !== undefined) return undefined;
  return (
    `etcd is asked without certificates (${endpoints.join(", ")}): anybody who reaches it can change leases and ` +
    "take the service. `prov pair init` makes certificates (docs/ha.md)."
  );
}

/** Reads the files afresh. Throws StartError that names the file. */
export function readEtcdTls({ ca, certificate, key }: EtcdTlsFiles) {
  const caText = readPem(ca);
  const certificateText = readPem(certificate);
  const keyText = readPrivateFile(key, "the key for etcd", KEY_BYTES_MAX);
  certificateOf(ca, caText);
  if (!certificateOf(certificate, certificateText).checkPrivateKey(keyOf(key, keyText))) {
    throw new StartError(`${key}: this is not the key of ${certificate}`);
  }
  return { ca: caText, cert: certificateText, key: keyText };
}

/** Reads the file afresh, without the newline at its end. Throws StartError that names the file. */
export function readEtcdPassword({ passwordFile }: EtcdCredentials): string {
  const text = readPrivateFile(passwordFile, "the password for etcd", PASSWORD_BYTES_MAX);
  const password = text.replace(/\r?\n$/, "");
  if (password === "") throw new StartError(`${passwordFile}: the password for etcd is empty`);
  return password;
}

function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`${path}: the certificate cannot be read (${code})`);
  }
}

function certificateOf(path: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw new StartError(`${path}: no certificate in PEM (${(error as Error).message})`);
  }
}

function keyOf(path: string, text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (error) {
    const { message } = error as Error;
    throw new StartError(`${path}: no key in PEM that can be used unattended (${message})`);
  }
}
