"""Serves a model with llama.cpp's server on a free port of 127.0.0.1, until its standard input is closed.

Usage: serve.py MODEL.gguf KEY
Prints the port when it answers.
"""

import socket
import sys

import xllamacpp


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main(model, key):
    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.model_alias = {"tiny"}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = free_port()
    parameters.offline = True
    parameters.warmup = False
    parameters.n_gpu_layers = 0
    parameters.n_ctx = 16384
    parameters.n_parallel = 2
    parameters.n_threads_http = 8
    parameters.cpuparams.n_threads = 1
    parameters.cpuparams_batch.n_threads = 1
    parameters.api_keys = [key]
    server = xllamacpp.Server(parameters)
    print(server.listening_address.rsplit(":", 1)[1], flush=True)
    sys.stdin.read()


main(*sys.argv[1:3])
