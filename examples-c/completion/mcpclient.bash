# bash completion of mcpclient, made by: mcpclient completion bash

_mcpclient() {
    local word=${COMP_WORDS[COMP_CWORD]} words=() kind= joined= line i
    COMPREPLY=()
    # Bash separates = and : from the words around them.
    for ((i = 1; i <= COMP_CWORD; i++)); do
        line=${COMP_WORDS[i]}
        if [[ -n $joined || ($line == [=:]* && ${#words[@]} -gt 0) ]]; then
            words[${#words[@]} - 1]+=$line
        else
            words+=("$line")
        fi
        joined=
        [[ $line == *[=:] ]] && joined=1
    done
    [[ $word == [=:]* ]] && word=
    while IFS=$'\t' read -r line _; do
        if [[ -z $kind ]]; then
            kind=$line
            continue
        fi
        [[ $word == -* ]] || line=${line#--*=}
        [[ $line == "$word"* ]] || continue
        printf -v line %q "$line"
        COMPREPLY+=("$line")
    done < <("${COMP_WORDS[0]/#~\//$HOME/}" completion words -- \
        "${words[@]}" 2>/dev/null)
    case $kind in
    files) kind=-f ;;
    folders) kind=-d ;;
    "program ${#words[@]}") kind=-c ;;
    program*) kind=-f ;;
    *) return ;;
    esac
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(compgen $kind -- "$word")
}

complete -F _mcpclient mcpclient
