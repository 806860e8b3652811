/** Keys of user points by their first half, both ends included. */
export type KeyRange = { readonly first: bigint; readonly last: bigint };

/**
 * All keys of user points, in so many ranges of about the same size: what is done range by range
 * needs bounded memory.
 */
export function rangesOf(count: number): readonly KeyRange[] {
  const width = 2n ** 64n / BigInt(count);
  return Array.from({ length: count }, (_, i) => ({
    first: BigInt(i) * width,
    last: i + 1 === count ? 2n ** 64n - 1n : BigInt(i + 1) * width - 1n,
  }));
}
