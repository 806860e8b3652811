/** The path of a request's URL as it was sent, percent-encoded, without query and fragment. */
export function rawPath(url: string): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}
