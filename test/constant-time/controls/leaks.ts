/**
 * CONTROL, never to be shipped: one small function for each way in which a secret in memory can show itself, and one
 * that shows nothing.
 */

/** Stops at the first difference, so the time tells how many bytes were right. */
export function equalWithEarlyExit(a: usize, b: usize, lengthBytes: usize): bool {
  for (let i: usize = 0; i < lengthBytes; i++) {
    if (load<u8>(a + i) !== load<u8>(b + i)) return false;
  }
  return true;
}

export function selectBySecret(secret: usize, out: usize): void {
  store<i32>(out, select<i32>(11, 22, load<u8>(secret) & 1));
}

export function copySecretLength(secret: usize, from: usize, to: usize): void {
  memory.copy(to, from, load<u8>(secret) & 15);
}

export function fillAtSecretAddress(secret: usize, at: usize): void {
  memory.fill(at + load<u8>(secret), 1, 16);
}

export function storeAtSecretAddress(secret: usize, at: usize): void {
  store<u8>(at + load<u8>(secret), 1);
}

export function divideSecret(secret: usize, out: usize): void {
  store<u32>(out, load<u32>(secret) / 7);
}

export function jumpBySecret(secret: usize, out: usize): void {
  switch (load<u8>(secret) & 3) {
    case 0:
      store<u8>(out, 5);
      break;
    case 1:
      store<u8>(out, 7);
      break;
    case 2:
      store<u8>(out, 9);
      break;
    default:
      store<u8>(out, 1);
  }
}

function addOne(value: i32): i32 {
  return value + 1;
}

function addTwo(value: i32): i32 {
  return value + 2;
}

export function callBySecret(secret: usize, out: usize): void {
  store<i32>(out, call_indirect<i32>(addOne.index + (load<u8>(secret) & 1) * (addTwo.index - addOne.index), 40));
}

export function returnSecret(secret: usize): i32 {
  return load<u8>(secret);
}

/** What the core must do: every byte is read, and only the result, which becomes public, tells. */
export function equalInConstantTime(a: usize, b: usize, lengthBytes: usize, out: usize): void {
  let difference: u32 = 0;
  for (let i: usize = 0; i < lengthBytes; i++) difference |= load<u8>(a + i) ^ load<u8>(b + i);
  store<u32>(out, (difference - 1) >> 31);
}
