const BEFORE_ID = ' · ';

/** The name of an execution, of which a table cuts off the end of the file's name and never the id, which tells rows apart. */
export function CutName({ text }: { readonly text: string }) {
  const at = text.lastIndexOf(BEFORE_ID);
  if (at === -1) return text;
  return (
    <span className="cut-name">
      <span>{text.slice(0, at)}</span>
      <span>{text.slice(at)}</span>
    </span>
  );
}
