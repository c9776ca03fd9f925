/**
 * Private keys that somebody else has made, before they are let in: PKCS#8 in the one form that DER allows, of the very
 * spec, and sound. What is unsound is refused without a word about why.
 *
 * - Curves: the scalar lies between zero and the order of the group; a public key that is given with it is its own.
 * - RSA: the modulus has the length of the spec and is the product of two different primes of half of it, far enough
 *   apart (FIPS 186-5, appendix A.1.3); the public exponent is 65537, as that of every RSA key of AWS KMS; the private
 *   exponent and the values of the Chinese remainder theorem belong to them (SP 800-56B section 6.4.1.2).
 *
 * These checks are done once, at the import, and are not constant time: RSA's go through BigInt, which cannot be wiped.
 * Sources: RFC 5208, 5915, 8017 appendix A.1, 8410.
 */
import { compareBytes, copyView } from "../byte-views.ts";
import type { Random } from "../env.ts";
import { hexOf } from "../model/arn.ts";
import { KEY_SPECS, type PairSpec } from "./algorithms.ts";
import {
  BIT_STRING,
  type CurveParts,
  der,
  derInteger,
  fromHex,
  INTEGER,
  OCTET_STRING,
  type RawSpec,
  readElement,
  SEQUENCE,
  unwrapPrivateKey,
  VERSION_0,
  wrapPrivateKey,
  wrapPublicKey,
} from "./key-encodings.ts";
import type { PairBytes } from "./key-pairs.ts";
import { publicKeyOf } from "./noble-keys.ts";

const RSA_ALGORITHM = fromHex("300d06092a864886f70d0101010500");
const PUBLIC_EXPONENT = 65537n;
/** Version, n, e, d, p, q, d mod p-1, d mod q-1, 1/q mod p. */
const RSA_INTEGERS = 9;
/** How many bits the primes differ by at least, less than half the modulus: FIPS 186-5 appendix A.1.3, step 5.4. */
const MIN_DISTANCE_BITS = 100;
/** A composite number passes one round with a probability of a quarter. */
const PRIME_ROUNDS = 40;

/** Says whether a number is prime, wrongly with a probability below 2^-80 whoever chose it. */
export type PrimeTest = (candidate: bigint) => Promise<boolean>;

/** The pair of a private key, in our own form; `undefined` for everything that is not a sound one of this spec. */
export async function pairFromPkcs8(
  spec: PairSpec,
  pkcs8: Uint8Array,
  isPrime: PrimeTest,
): Promise<PairBytes | undefined> {
  const { modulusBytes } = KEY_SPECS[spec];
  try {
    return await (modulusBytes === undefined
      ? readCurveKey(spec as RawSpec, pkcs8)
      : readRsaKey(modulusBytes, pkcs8, isPrime));
  } catch {
    return undefined; // No DER as expected, or no scalar.
  }
}

/** How others write the key of a curve. */
const CURVE_FORMS: readonly CurveParts[] = [
  { curve: false, publicKey: true },
  { curve: false, publicKey: false },
  { curve: true, publicKey: true },
  { curve: true, publicKey: false },
];

async function readCurveKey(spec: RawSpec, pkcs8: Uint8Array): Promise<PairBytes | undefined> {
  const scalar = unwrapPrivateKey(spec, pkcs8);
  const publicKey = await publicKeyOf(spec, scalar);
  const isOneOf = CURVE_FORMS.some((parts) => {
    const form = wrapPrivateKey(spec, scalar, publicKey, parts);
    const isThis = compareBytes(form, pkcs8) === 0;
    form.fill(0);
    return isThis;
  });
  if (!isOneOf) return undefined;
  return { publicKey: wrapPublicKey(spec, publicKey), privateKey: wrapPrivateKey(spec, scalar, publicKey) };
}

async function readRsaKey(modulusBytes: number, pkcs8: Uint8Array, isPrime: PrimeTest): Promise<PairBytes | undefined> {
  const inner = readElement(pkcs8, readElement(pkcs8, 0, SEQUENCE).start + VERSION_0.length, RSA_ALGORITHM[0]!).end;
  const sequence = readElement(pkcs8, readElement(pkcs8, inner, OCTET_STRING).start, SEQUENCE);
  const integers: Uint8Array[] = [];
  for (let at = sequence.start; integers.length < RSA_INTEGERS; ) {
    const { start, end } = readElement(pkcs8, at, INTEGER);
    integers.push(pkcs8.subarray(start, end));
    at = end;
  }
  if (!isTheirOnlyForm(pkcs8, integers)) return undefined;
  const [version, n, e, ...secrets] = integers.map(toNumber) as [bigint, bigint, bigint, ...bigint[]];
  const [d, p, q] = secrets as [bigint, bigint, bigint];
  const bits = modulusBytes * 8;
  if (version !== 0n || e !== PUBLIC_EXPONENT || bitLength(n) !== bits) return undefined;
  if (!isSound(n, secrets as RsaSecrets, bits) || !(await isPrime(p)) || !(await isPrime(q))) return undefined;
  if (d <= 1n << BigInt(bits / 2)) return undefined;
  const numbers = der(SEQUENCE, derInteger(integers[1]!), derInteger(integers[2]!));
  const publicKey = der(SEQUENCE, RSA_ALGORITHM, der(BIT_STRING, new Uint8Array(1), numbers));
  return { publicKey, privateKey: copyView(pkcs8) };
}

/** Whether these bytes are what DER makes of the integers, with nothing before, between or after them. */
function isTheirOnlyForm(pkcs8: Uint8Array, integers: readonly Uint8Array[]): boolean {
  const sequence = der(SEQUENCE, ...integers.map(derInteger));
  const whole = der(SEQUENCE, VERSION_0, RSA_ALGORITHM, der(OCTET_STRING, sequence));
  const isOnly = compareBytes(whole, pkcs8) === 0;
  for (const secret of [sequence, whole]) secret.fill(0);
  return isOnly;
}

type RsaSecrets = [d: bigint, p: bigint, q: bigint, dp: bigint, dq: bigint, qInverse: bigint];

function isSound(n: bigint, [d, p, q, dp, dq, qInverse]: RsaSecrets, bits: number): boolean {
  if (p * q !== n || bitLength(p) !== bits / 2 || bitLength(q) !== bits / 2) return false;
  const distance = p > q ? p - q : q - p;
  if (bitLength(distance) <= bits / 2 - MIN_DISTANCE_BITS) return false;
  const [p1, q1] = [p - 1n, q - 1n];
  return (
    d < n &&
    (d * PUBLIC_EXPONENT) % p1 === 1n &&
    (d * PUBLIC_EXPONENT) % q1 === 1n &&
    dp === d % p1 &&
    dq === d % q1 &&
    qInverse < p &&
    (qInverse * q) % p === 1n
  );
}

function bitLength(number: bigint): number {
  return number === 0n ? 0 : number.toString(2).length;
}

function toNumber(bigEndian: Uint8Array): bigint {
  let digits = "0x0";
  for (const byte of bigEndian) digits += hexOf(byte);
  return BigInt(digits);
}

/** Miller and Rabin's test (FIPS 186-5 appendix B.3.1), for runtimes that have none, with bases from `random`. */
export function primeTest(random: Random): PrimeTest {
  return async (candidate) => {
    if (candidate < 4n || candidate % 2n === 0n) return false;
    let [odd, twos] = [candidate - 1n, 0];
    for (; odd % 2n === 0n; twos++) odd /= 2n;
    const bytes = new Uint8Array(Math.ceil(bitLength(candidate) / 8));
    for (let round = 0; round < PRIME_ROUNDS; round++) {
      random.fill(bytes);
      const base = (toNumber(bytes) % (candidate - 3n)) + 2n;
      if (isWitness(base, odd, twos, candidate)) return false;
    }
    return true;
  };
}

/** Whether a base shows that a number is composite. */
function isWitness(base: bigint, odd: bigint, twos: number, candidate: bigint): boolean {
  let power = powerModulo(base, odd, candidate);
  if (power === 1n || power === candidate - 1n) return false;
  for (let i = 1; i < twos; i++) {
    power = (power * power) % candidate;
    if (power === candidate - 1n) return false;
  }
  return true;
}

function powerModulo(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === "1") result = (result * base) % modulus;
  }
  return result;
}
