// SPDX-License-Identifier: Apache-2.0

// What a shell runs at each Tab: it asks `modelpack complete`, whose first line says of what kind the answer is, and
// whose other lines are a value, a tab, and what it means. So the scripts know no command, and never go stale. Names
// of tasks and labels come from files: no script evaluates them.

const BASH = `# bash completion of modelpack; in ~/.bashrc: eval "$(modelpack completion bash)"
_modelpack() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" kind="" value doc
  [ "$cur" = "=" ] && cur=""
  COMPREPLY=()
  while IFS=$'\\t' read -r value doc; do
    if [ -z "$kind" ]; then
      kind="$value"
    else
      COMPREPLY+=("$(printf '%q' "$value")")
    fi
  done < <("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  case "$kind" in
    files) while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$cur") ;;
    folders) while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -d -- "$cur") ;;
  esac
  if [ "$kind" = files ] || [ "$kind" = folders ]; then
    compopt -o filenames 2>/dev/null
  fi
}
complete -F _modelpack modelpack
`;

const ZSH = `#compdef modelpack
# zsh completion of modelpack; in ~/.zshrc, below compinit: eval "$(modelpack completion zsh)"
_modelpack() {
  local line kind="" tab=$'\\t'
  local -a values shown
  while IFS= read -r line; do
    if [[ -z "$kind" ]]; then
      kind="$line"
    else
      values+=("\${line%%$tab*}")
      shown+=("\${line/$tab/  -- }")
    fi
  done < <("\${(Q)words[1]}" complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  case "$kind" in
    files) _files ;;
    folders) _files -/ ;;
    *) (( \${#values} )) && compadd -l -d shown -a values ;;
  esac
}
compdef _modelpack modelpack
`;

const FISH = `# fish completion of modelpack; in ~/.config/fish/config.fish: modelpack completion fish | source
function __modelpack_complete
    set -l words (commandline -opc)
    set -l answer ($words[1] complete -- $words[2..-1] (commandline -ct) 2>/dev/null)
    switch "$answer[1]"
        case files
            __fish_complete_path (commandline -ct)
        case folders
            __fish_complete_directories (commandline -ct)
        case '*'
            string join \\n -- $answer[2..-1]
    end
end
complete -c modelpack -f -a '(__modelpack_complete)'
`;

/** The script of each shell that completion is made for. */
export const COMPLETION_SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
