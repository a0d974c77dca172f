"""The figures of Paramo beside those of its peers, measured side by side in one run.

`command_line` reads what is asked for and goes through the measurements; `commands`, `functions`, `sleeping` and `scale` are one
measurement each; `reaper` and `measure` take the CPU time of whole process trees; `peers` installs what is compared; `report` writes.
"""
