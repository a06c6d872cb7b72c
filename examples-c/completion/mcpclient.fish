# fish completion of mcpclient, made by: mcpclient completion fish

function __mcpclient_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines ($words[1] completion words -- $words[2..-1] 2>/dev/null)
    set -l prefix (string match -r -- '^--[^=]*=' $words[-1]; or echo)
    set -l word (string replace -r -- '^--[^=]*=' '' $words[-1])
    switch $lines[1]
        case files
            printf '%s\n' $prefix(__fish_complete_path $word)
        case folders
            printf '%s\n' $prefix(__fish_complete_directories $word)
        case 'program *'
            set -l from (math 1 + (string replace 'program ' '' $lines[1]))
            complete -C (string join -- ' ' $words[$from..-1])
        case '*'
            printf '%s\n' $lines[2..-1]
    end
end

complete -c mcpclient -f -a '(__mcpclient_complete)'
