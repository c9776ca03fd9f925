/**
 * The grants of one account and Region.
 *
 *   <realm>/key-grants/<key id>                       KeyGrants: how many there are, and their generation
 *   <realm>/grant/<key id>/<generation>/<grant id>    Grant
 *   <realm>/grant-index/<key id>/<generation>/…       by grantee (grantee-index.ts), and name/<hash>: ids by parameters
 *   <retirer's realm>/retirable/<retirer>/<grant id>  where the grant lies, by who may retire it
 *   <realm>/forgotten-grants/<key id>/<generation>    an empty record: grants of a deleted key, to be swept
 *
 * A key's generation is drawn with its first grant and stands in all of their paths. When the key is deleted one record
 * goes, and with it the way to all the others: they are removed a few at a time, and a key that gets the same id again
 * (a multi-Region replica) finds none of them.
 *
 * Nothing here asks whether the caller may.
 */
import type { Clock, Random, Realm } from "../env.ts";
import { KmsError } from "../errors.ts";
import { toHex } from "../model/arn.ts";
import { remember } from "../model/remember.ts";
import { jsonRecord } from "../records/json-record.ts";
import { type Ready, whenReady } from "../records/ready.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import { type Grant, grantRecord, isGrantId, type NewGrant, parametersOf, retirerOf } from "./grant.ts";
import { readGrantToken, writeGrantToken } from "./grant-token.ts";
import { addToIndex, grantsOf, type IndexedKey, joined, NO_SHARDS, removeFromIndex } from "./grantee-index.ts";
import { accountOf } from "./principals.ts";
import { saltedHash } from "./salted-hash.ts";

const MAX_GRANTS_PER_KEY = 50_000;
const GRANT_ID_BYTES = 32;
const GENERATION_BYTES = 16;
/** Records that one sweep removes. */
const SWEEP_LIMIT = 64;
/** Whose paths are not built anew for each request. */
const REMEMBERED_KEYS = 1024;
/** Of each key, whose grants are not looked up anew for each request. */
const REMEMBERED_GRANTEES = 256;
const NONE: readonly Grant[] = Object.freeze([]);

/** What is known of all grants of a key. */
export interface KeyGrants {
  readonly generation: string;
  readonly count: number;
  readonly shards: string;
}

/** Grants whose parameters have the same hash. */
export interface SameHash {
  readonly grantIds: readonly string[];
}

/** Where a grant lies that a principal may retire. */
interface Retirable {
  readonly accountId: string;
  readonly keyId: string;
}

/** An entry of the list of what a principal may retire; without a grant where that has just gone. */
export interface RetirableGrant extends Retirable {
  readonly grantId: string;
  readonly grant: Grant | undefined;
}

/** One for each key that ever had a grant. */
export const keyGrantsRecord = jsonRecord<KeyGrants>("key-grants");
/** One for each hash of the parameters of a key's named grants. */
export const sameHashRecord = jsonRecord<SameHash>("grant-name");
const retirableRecord = jsonRecord<Retirable>("retirable");
const forgottenRecord = jsonRecord<Record<string, never>>("forgotten-grants");

/** The grants of one grantee. */
interface Answer {
  readonly grants: readonly Grant[];
  /** Whether any is bound to a principal's id. */
  readonly hasIds: boolean;
}

export interface GrantsOptions {
  /** The folder of an account in the store, in this Region. */
  readonly folderOf: (accountId: string) => string;
  readonly clock: Clock;
  readonly random: Random;
}

export class Grants {
  readonly #realm: Pick<Realm, "accountId" | "region">;
  readonly #folder: string;
  readonly #folderOf: (accountId: string) => string;
  readonly #keyGrantsPath: (keyId: string) => string;
  readonly #clock: Clock;
  readonly #random: Random;
  /** What cached records have answered, by the record that changes with every one of them. */
  readonly #answers = new WeakMap<KeyGrants, Map<string, Answer>>();
  #mayHaveForgotten = true;

  constructor(realm: Pick<Realm, "accountId" | "region">, { folderOf, clock, random }: GrantsOptions) {
    this.#realm = realm;
    this.#folder = folderOf(realm.accountId);
    this.#folderOf = folderOf;
    this.#keyGrantsPath = remember(REMEMBERED_KEYS, (keyId) => keyGrantsPath(this.#folder, keyId));
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * The grants of a key whose grantee is one of these principals; at once where they are cached. Ask only for a key
   * that `hasGrants`: that a record is absent is never cached.
   * @param granteeId the caller's id in the directory; grants to another principal of the same name are left out
   */
  ofGrantee(
    tx: ReadTransaction,
    keyId: string,
    principalArns: readonly string[],
    granteeId?: string,
  ): Ready<readonly Grant[]> {
    const keyGrants = tx.get(keyGrantsRecord, this.#keyGrantsPath(keyId));
    if (keyGrants === undefined) return NONE;
    if (keyGrants instanceof Promise) {
      return keyGrants.then((loaded) =>
        loaded === undefined ? NONE : this.#gather(tx, keyId, loaded, principalArns, granteeId),
      );
    }
    const known = this.#answersOf(keyGrants);
    let found: readonly Grant[] = NONE;
    for (const arn of principalArns) {
      const answer = known.get(arn) ?? this.#answer(tx, keyId, keyGrants, known, arn);
      if (answer instanceof Promise) return this.#gather(tx, keyId, keyGrants, principalArns, granteeId);
      const grants = answer.hasIds ? withoutStrangers(answer.grants, granteeId) : answer.grants;
      if (grants.length > 0) found = found.length === 0 ? grants : [...found, ...grants];
    }
    return found;
  }

  /** The grant of that id on that key; any text may be asked for. */
  find(tx: ReadTransaction, keyId: string, grantId: string): Ready<Grant | undefined> {
    return this.#findIn(this.#folder, tx, keyId, grantId);
  }

  /** The grants of a key after the id `after`, in order of id, at most `limit`. */
  async list(tx: ReadTransaction, keyId: string, after: string | undefined, limit: number): Promise<readonly Grant[]> {
    const keyGrants = await tx.get(keyGrantsRecord, this.#keyGrantsPath(keyId));
    if (keyGrants === undefined) return [];
    const prefix = grantPath(this.#folder, keyId, keyGrants.generation, "");
    const paths = await tx.list(prefix, after === undefined ? undefined : prefix + after, limit);
    const grants = await Promise.all(paths.map((path) => tx.get(grantRecord, path)));
    // A grant that another process removed between the listing and the read is left out.
    return grants.filter((grant) => grant !== undefined);
  }

  /** The grants of a key to one grantee, in order of id. */
  async listOfGrantee(tx: ReadTransaction, keyId: string, grantee: string): Promise<readonly Grant[]> {
    const keyGrants = await tx.get(keyGrantsRecord, this.#keyGrantsPath(keyId));
    if (keyGrants === undefined) return [];
    const grants = await grantsOf(tx, indexedKey(this.#folder, keyId, keyGrants), grantee);
    return [...grants].sort((a, b) => (a.GrantId < b.GrantId ? -1 : 1));
  }

  /**
   * What a principal of this account, or a service, may retire, after the id `after`, in order of id, at most `limit`:
   * on keys of every account for a principal, of this account for a service.
   */
  async listRetirable(
    tx: ReadTransaction,
    retirer: string,
    after: string | undefined,
    limit: number,
  ): Promise<readonly RetirableGrant[]> {
    const prefix = this.#retirablePath(retirer, "");
    const paths = await tx.list(prefix, after === undefined ? undefined : prefix + after, limit);
    const entries = paths.map(async (path) => {
      const grantId = path.slice(prefix.length);
      const place = await tx.get(retirableRecord, path);
      if (place === undefined) return { grantId, accountId: "", keyId: "", grant: undefined };
      const grant = await this.#findIn(this.#folderOf(place.accountId), tx, place.keyId, grantId);
      return { ...place, grantId, grant };
    });
    return Promise.all(entries);
  }

  /**
   * Makes a grant; one with a name may be there already, with all that this one would have.
   * @throws {KmsError} LimitExceededException
   */
  async create(tx: Transaction, keyId: string, wanted: NewGrant): Promise<Grant> {
    const known = await tx.get(keyGrantsRecord, this.#keyGrantsPath(keyId));
    const keyGrants = known ?? { generation: this.#draw(GENERATION_BYTES), count: 0, shards: NO_SHARDS };
    const key = indexedKey(this.#folder, keyId, keyGrants);
    const same = await this.#sameAs(tx, keyId, keyGrants, wanted);
    if (same.grant !== undefined) return same.grant;
    if (keyGrants.count >= MAX_GRANTS_PER_KEY) {
      throw new KmsError("LimitExceededException", `A key can have at most ${MAX_GRANTS_PER_KEY} grants.`);
    }
    const made = { ...wanted, GrantId: this.#draw(GRANT_ID_BYTES), createdAtMs: this.#clock.nowMs() };
    const { grant, shards } = await addToIndex(tx, key, made);
    tx.put(grantRecord, grantPath(this.#folder, keyId, keyGrants.generation, grant.GrantId), grant);
    tx.put(keyGrantsRecord, this.#keyGrantsPath(keyId), { ...keyGrants, count: keyGrants.count + 1, shards });
    if (wanted.Name !== undefined) tx.put(sameHashRecord, same.path, { grantIds: [...same.grantIds, grant.GrantId] });
    const retirer = retirerOf(grant);
    if (retirer !== undefined) {
      const place = { accountId: this.#realm.accountId, keyId };
      tx.put(retirableRecord, this.#retirablePath(retirer, grant.GrantId), place);
    }
    return grant;
  }

  async remove(tx: Transaction, keyId: string, grant: Grant): Promise<void> {
    const keyGrants = await tx.get(keyGrantsRecord, this.#keyGrantsPath(keyId));
    if (keyGrants === undefined) return;
    const key = indexedKey(this.#folder, keyId, keyGrants);
    const shards = await removeFromIndex(tx, key, grant);
    tx.put(keyGrantsRecord, this.#keyGrantsPath(keyId), { ...keyGrants, count: keyGrants.count - 1, shards });
    tx.remove(grantPath(this.#folder, keyId, keyGrants.generation, grant.GrantId));
    if (grant.Name !== undefined) {
      const path = sameHashPath(key, grant);
      const left = ((await tx.get(sameHashRecord, path))?.grantIds ?? []).filter((id) => id !== grant.GrantId);
      if (left.length > 0) tx.put(sameHashRecord, path, { grantIds: left });
      else tx.remove(path);
    }
    const retirer = retirerOf(grant);
    if (retirer !== undefined) tx.remove(this.#retirablePath(retirer, grant.GrantId));
  }

  /** A new token for a grant; those before stay valid. */
  newToken(keyId: string, grantId: string): string {
    const { accountId, region } = this.#realm;
    return writeGrantToken({ accountId, region, keyId, grantId }, this.#random);
  }

  /**
   * Checks the tokens of a request: each names a grant that there is, on whichever key of this Region.
   * @throws {KmsError} InvalidGrantTokenException
   */
  checkGrantTokens(tx: ReadTransaction, tokens: readonly string[]): Ready<void> {
    for (let i = 0; i < tokens.length; i++) {
      const named = readGrantToken(tokens[i]!);
      if (named === undefined || named.region !== this.#realm.region) throw invalidGrantToken();
      const found = this.#findIn(this.#folderOf(named.accountId), tx, named.keyId, named.grantId);
      if (found instanceof Promise) {
        return found.then((grant) => {
          if (grant === undefined) throw invalidGrantToken();
          return this.checkGrantTokens(tx, tokens.slice(i + 1));
        });
      }
      if (found === undefined) throw invalidGrantToken();
    }
  }

  /** Makes the grants of a deleted key unreachable; `sweep` removes them. */
  async forgetKey(tx: Transaction, keyId: string): Promise<void> {
    const keyGrants = await tx.get(keyGrantsRecord, this.#keyGrantsPath(keyId));
    if (keyGrants === undefined) return;
    tx.remove(this.#keyGrantsPath(keyId));
    tx.put(forgottenRecord, `${this.#folder}/forgotten-grants/${keyId}/${keyGrants.generation}`, {});
    this.#mayHaveForgotten = true;
  }

  /** Whether there may be something to sweep. */
  get mayHaveForgotten(): boolean {
    return this.#mayHaveForgotten;
  }

  /** Removes a few records of deleted keys' grants. */
  async sweep(tx: Transaction): Promise<void> {
    const prefix = `${this.#folder}/forgotten-grants/`;
    const [path] = await tx.list(prefix, undefined, 1);
    if (path === undefined) {
      this.#mayHaveForgotten = false;
      return;
    }
    const [keyId, generation] = path.slice(prefix.length).split("/") as [string, string];
    const grants = await tx.list(grantPath(this.#folder, keyId, generation, ""), undefined, SWEEP_LIMIT);
    for (const grantAt of grants) {
      const grant = await tx.get(grantRecord, grantAt);
      const retirer = grant && retirerOf(grant);
      if (retirer !== undefined) tx.remove(this.#retirablePath(retirer, grant!.GrantId));
      tx.remove(grantAt);
    }
    const indexPrefix = `${indexPath(this.#folder, keyId, generation)}/`;
    const rest = grants.length > 0 ? [] : await tx.list(indexPrefix, undefined, SWEEP_LIMIT);
    for (const indexAt of rest) tx.remove(indexAt);
    if (grants.length === 0 && rest.length === 0) tx.remove(path);
  }

  #gather(
    tx: ReadTransaction,
    keyId: string,
    keyGrants: KeyGrants,
    principalArns: readonly string[],
    granteeId: string | undefined,
  ): Ready<readonly Grant[]> {
    const key = indexedKey(this.#folder, keyId, keyGrants);
    const found = joined(principalArns.map((arn) => grantsOf(tx, key, arn)));
    return whenReady(found, (grants) => withoutStrangers(grants, granteeId));
  }

  /**
   * Every change of a key's grants writes its KeyGrants anew, so that one that is still cached answers for all records
   * below it. An answer is kept only if all of them came at once: then all were checked since anybody else last wrote.
   */
  #answersOf(keyGrants: KeyGrants): Map<string, Answer> {
    let known = this.#answers.get(keyGrants);
    if (known === undefined) {
      known = new Map();
      this.#answers.set(keyGrants, known);
    }
    return known;
  }

  #answer(
    tx: ReadTransaction,
    keyId: string,
    keyGrants: KeyGrants,
    known: Map<string, Answer>,
    arn: string,
  ): Ready<Answer> {
    const grants = grantsOf(tx, indexedKey(this.#folder, keyId, keyGrants), arn);
    if (grants instanceof Promise) return grants.then(answerOf);
    const answer = answerOf(grants);
    if (known.size >= REMEMBERED_GRANTEES) known.clear();
    known.set(arn, answer);
    return answer;
  }

  #findIn(folder: string, tx: ReadTransaction, keyId: string, grantId: string): Ready<Grant | undefined> {
    if (!isGrantId(grantId)) return undefined;
    const path = folder === this.#folder ? this.#keyGrantsPath(keyId) : keyGrantsPath(folder, keyId);
    return whenReady(
      tx.get(keyGrantsRecord, path),
      (keyGrants) => keyGrants && tx.get(grantRecord, grantPath(folder, keyId, keyGrants.generation, grantId)),
    );
  }

  /** The grant of the same name and parameters, and where its kind is kept. */
  async #sameAs(tx: Transaction, keyId: string, keyGrants: KeyGrants, wanted: NewGrant) {
    if (wanted.Name === undefined) return { path: "", grantIds: [], grant: undefined };
    const path = sameHashPath(indexedKey(this.#folder, keyId, keyGrants), wanted);
    const grantIds = (await tx.get(sameHashRecord, path))?.grantIds ?? [];
    const parameters = parametersOf(wanted);
    for (const grantId of grantIds) {
      const grant = await tx.get(grantRecord, grantPath(this.#folder, keyId, keyGrants.generation, grantId));
      if (grant !== undefined && parametersOf(grant) === parameters) return { path, grantIds, grant };
    }
    return { path, grantIds, grant: undefined };
  }

  /** A principal's entries lie with its account. Its slashes are written as bars, which no principal has. */
  #retirablePath(retirer: string, grantId: string): string {
    const accountId = accountOf(retirer);
    const folder = accountId === undefined ? this.#folder : this.#folderOf(accountId);
    return `${folder}/retirable/${retirer.replaceAll("/", "|")}/${grantId}`;
  }

  #draw(lengthBytes: number): string {
    const bytes = new Uint8Array(lengthBytes);
    this.#random.fill(bytes);
    return toHex(bytes);
  }
}

function answerOf(grants: readonly Grant[]): Answer {
  return { grants, hasIds: grants.some(({ granteeId }) => granteeId !== undefined) };
}

function withoutStrangers(grants: readonly Grant[], callerId: string | undefined): readonly Grant[] {
  return grants.filter(({ granteeId }) => granteeId === undefined || granteeId === callerId);
}

/** What AWS answers to a text that is no token of a grant. */
export function invalidGrantToken(): KmsError {
  return new KmsError("InvalidGrantTokenException", "The specified grant token is not valid.");
}

function keyGrantsPath(folder: string, keyId: string): string {
  return `${folder}/key-grants/${keyId}`;
}

function grantPath(folder: string, keyId: string, generation: string, grantId: string): string {
  return `${folder}/grant/${keyId}/${generation}/${grantId}`;
}

function indexPath(folder: string, keyId: string, generation: string): string {
  return `${folder}/grant-index/${keyId}/${generation}`;
}

function indexedKey(folder: string, keyId: string, { generation, shards }: KeyGrants): IndexedKey {
  return { path: indexPath(folder, keyId, generation), salt: generation, shards };
}

function sameHashPath({ path, salt }: IndexedKey, grant: NewGrant): string {
  return `${path}/name/${saltedHash(salt, parametersOf(grant)).toString(16)}`;
}
