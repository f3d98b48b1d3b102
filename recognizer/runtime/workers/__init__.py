"""Recognition spread over processes: each has capture threads and a pipeline of its own for some of the sources.

    pool (this process: sinks, history, gallery)  <- results, states, log -   worker: runner.run(sources, pipeline)
                                                  -  gallery, pause, moves ->

Only small values cross; pictures go through shared memory, and only those that a sink wants.
"""
