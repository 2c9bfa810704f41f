"""What is measured on a GPU, unattended and within minutes; `benchmarks/on_gpu.sh` runs it.

`correctness`, `speed` and `book` are the three parts, each a program of its own that writes one JSON file. `needs`
looks for missing packages before. The rest serves them: `record` the file, `workers` other processes, `cases` what is
timed, `keras_steps` and `torch_steps` how, `torch_networks` the chapters' networks in PyTorch, `arithmetic` how much
there is to compute, `ceiling` how much a card can.
"""
