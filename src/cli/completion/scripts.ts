/**
 * The scripts that have a shell ask `muster __complete WORDS` what can be typed. It answers a line
 * for each candidate, word and meaning with a tab between them, or `:files` where a name of a file
 * is meant.
 */
export const SCRIPTS = {
  bash: String.raw`# bash completion for muster; load it with: source <(muster completion bash)
_muster() {
  local line out
  COMPREPLY=()
  out=$(muster __complete "${'$'}{COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return
  if [[ $out == :files ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${'$'}{COMP_WORDS[COMP_CWORD]#=}")
    return
  fi
  while IFS= read -r line; do
    line=${'$'}{line%%$'\t'*}
    [[ -n $line ]] && COMPREPLY+=("$(printf '%q' "$line")")
  done <<<"$out"
}
complete -F _muster muster
`,
  zsh: String.raw`#compdef muster
# zsh completion for muster; load it with: source <(muster completion zsh)
_muster() {
  local out line
  local -a candidates
  out=$(muster __complete "${'$'}{(@Q)words[2,CURRENT]}" 2>/dev/null) || return
  if [[ $out == :files ]]; then
    _files
    return
  fi
  for line in "${'$'}{(@f)out}"; do
    [[ -n $line ]] && candidates+=("${'$'}{${'$'}{line%%$'\t'*}//:/\\:}:${'$'}{line#*$'\t'}")
  done
  _describe muster candidates
}
if [[ $funcstack[1] == _muster ]]; then
  _muster "$@"
else
  compdef _muster muster
fi
`,
  fish: String.raw`# fish completion for muster; load it with: muster completion fish | source
function __muster_complete
  set -l out (muster __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
  if test "$out" = ':files'
    __fish_complete_path (commandline -ct)
    return
  end
  printf '%s\n' $out
end
complete -c muster -f -a '(__muster_complete)'
`,
} as const;

export type Shell = keyof typeof SCRIPTS;
