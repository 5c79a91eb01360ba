"""Measures other engines on vectors that the benchmark `vector` wrote with `--dump FOLDER`.

    python3 benches/peers.py FOLDER [--dims 256] [--k 10]

Each engine that is installed (numpy is needed; hnswlib, faiss-cpu, usearch, duckdb, lancedb) prints build time, p50 and p99 of one
query on one thread, and recall against an exact scan, for all vectors and for filters of 10 %, 1 % and 0.1 %.
"""

import argparse
import importlib
import os
import pathlib
import tempfile
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np


def unit(vectors):
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


class Bench:
    """Vectors, queries, filters, and the truth about them."""

    def __init__(self, folder, dims, k):
        read = lambda name: unit(np.fromfile(folder / f"{name}-{dims}.f32", dtype="<f4").reshape(-1, dims))
        self.base, self.queries, self.k, self.dims = read("base"), read("queries"), k, dims
        random = np.random.default_rng(3)
        self.filters = {"all": None}
        for name, share in (("10 %", 0.1), ("1 %", 0.01), ("0.1 %", 0.001)):
            self.filters[name] = np.flatnonzero(random.random(len(self.base)) < share)
        self.truth = {name: [self.exact(q, rows) for q in self.queries] for name, rows in self.filters.items()}

    def exact(self, query, rows):
        scores = (self.base if rows is None else self.base[rows]) @ query
        best = np.argsort(-scores, kind="stable")[: self.k]
        return set((best if rows is None else rows[best]).tolist())

    def run(self, engine, name, search):
        """Searches twice and times the second round."""
        for query in self.queries:
            search(query)
        millis, right, count = [], 0, 0
        for query, truth in zip(self.queries, self.truth[name]):
            start = time.perf_counter()
            found = search(query)
            millis.append((time.perf_counter() - start) * 1000)
            right += len(truth & set(int(i) for i in found))
            count += len(truth)
        p50, p99 = np.percentile(millis, [50, 99])
        print(f"{engine:28} {name:>6}  p50 {p50:8.3f} ms  p99 {p99:8.3f} ms  recall@{self.k} {right / count:.4f}", flush=True)


def built(engine, make):
    start = time.perf_counter()
    index = make()
    print(f"{engine:28} built in {time.perf_counter() - start:.1f} s", flush=True)
    return index


def numpy_scan(bench):
    def search(query, rows):
        scores = (bench.base if rows is None else bench.base[rows]) @ query
        best = np.argpartition(-scores, min(bench.k, len(scores) - 1))[: bench.k]
        return best if rows is None else rows[best]

    for name, rows in bench.filters.items():
        bench.run("numpy f32", name, lambda q: search(q, rows))


def hnswlib(bench):
    lib = importlib.import_module("hnswlib")

    def make():
        index = lib.Index(space="ip", dim=bench.dims)
        index.init_index(max_elements=len(bench.base), ef_construction=200, M=16)
        index.add_items(bench.base, num_threads=2)
        index.set_num_threads(1)
        return index

    index = built("hnswlib", make)
    for ef in (64, 128, 256):
        index.set_ef(ef)
        bench.run(f"hnswlib ef {ef}", "all", lambda q: index.knn_query(q, k=bench.k)[0][0])
    for name, rows in bench.filters.items():
        if rows is not None:
            passing = set(rows.tolist())

            def search(query):
                try:
                    return index.knn_query(query, k=bench.k, filter=passing.__contains__)[0][0]
                except RuntimeError:  # it found fewer than k
                    return []

            bench.run("hnswlib ef 256", name, search)


def faiss(bench):
    lib = importlib.import_module("faiss")
    lib.omp_set_num_threads(1)
    flat = lib.IndexFlatIP(bench.dims)
    flat.add(bench.base)
    kinds = {"faiss flat f32": flat}
    if hasattr(lib, "IndexRaBitQ"):

        def make():
            index = lib.index_factory(bench.dims, "RaBitQ", lib.METRIC_INNER_PRODUCT)
            index.train(bench.base)
            index.add(bench.base)
            refined = lib.IndexRefineFlat(index, lib.swig_ptr(bench.base))
            refined.k_factor = 20
            return refined

        kinds["faiss RaBitQ, rerank 200"] = built("faiss RaBitQ", make)
    for engine, index in kinds.items():
        for name, rows in bench.filters.items():
            options = {}
            if rows is not None:
                if engine != "faiss flat f32":
                    continue
                options = {"params": lib.SearchParameters(sel=lib.IDSelectorBatch(rows))}
            bench.run(engine, name, lambda q: index.search(q[None], bench.k, **options)[1][0])


def usearch(bench):
    lib = importlib.import_module("usearch.index")

    def make():
        index = lib.Index(ndim=bench.dims, metric="ip", dtype="f32", connectivity=16, expansion_add=128)
        index.add(np.arange(len(bench.base)), bench.base, threads=2)
        return index

    index = built("usearch f32", make)
    for ef in (64, 256):
        index.expansion_search = ef
        bench.run(f"usearch f32 ef {ef}", "all", lambda q: index.search(q, bench.k, threads=1).keys)


def duckdb(bench):
    lib = importlib.import_module("duckdb")
    database = lib.connect(config={"threads": 1})
    database.execute(f"CREATE TABLE v (id INTEGER, passes INTEGER, e FLOAT[{bench.dims}])")
    marks = np.zeros(len(bench.base), dtype=np.int32)
    for mark, name in enumerate(("10 %", "1 %", "0.1 %")):
        marks[bench.filters[name]] |= 1 << mark
    import pyarrow

    values = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(bench.base.reshape(-1)), bench.dims)
    incoming = pyarrow.table({"id": np.arange(len(bench.base), dtype=np.int32), "passes": marks, "e": values})
    database.register("incoming", incoming)
    database.execute("INSERT INTO v SELECT * FROM incoming")

    def search(where):
        sql = f"SELECT id FROM v {where} ORDER BY array_cosine_distance(e, ?::FLOAT[{bench.dims}]) LIMIT {bench.k}"
        return lambda q: [row[0] for row in database.execute(sql, [q.tolist()]).fetchall()]

    filters = {"all": "", "10 %": "WHERE passes & 1 > 0", "1 %": "WHERE passes & 2 > 0", "0.1 %": "WHERE passes & 4 > 0"}
    for name, where in filters.items():
        bench.run("duckdb SQL scan", name, search(where))
    try:
        database.execute("LOAD vss")
    except lib.Error as error:
        print(f"duckdb vss is not here: {str(error).splitlines()[0]}")
        return
    built("duckdb vss", lambda: database.execute("CREATE INDEX h ON v USING HNSW (e) WITH (metric = 'cosine')"))
    for ef in (64, 256):
        database.execute(f"SET hnsw_ef_search = {ef}")
        for name, where in filters.items():
            bench.run(f"duckdb vss ef {ef}", name, search(where))


def lancedb(bench):
    lib = importlib.import_module("lancedb")
    import pyarrow

    with tempfile.TemporaryDirectory() as folder:
        values = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(bench.base.reshape(-1)), bench.dims)
        table = lib.connect(folder).create_table("v", pyarrow.table({"id": np.arange(len(bench.base)), "vector": values}))
        ask = lambda q: table.search(q).distance_type("cosine").limit(bench.k).select(["id"])
        bench.run("lancedb flat", "all", lambda q: [row["id"] for row in ask(q).to_list()])
        built("lancedb IVF_PQ", lambda: table.create_index(metric="cosine", index_type="IVF_PQ"))
        refined = lambda q: ask(q).nprobes(50).refine_factor(10)
        bench.run("lancedb IVF_PQ refined", "all", lambda q: [row["id"] for row in refined(q).to_list()])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--dims", type=int, default=256)
    parser.add_argument("--k", type=int, default=10)
    arguments = parser.parse_args()
    bench = Bench(arguments.folder, arguments.dims, arguments.k)
    print(f"{len(bench.base)} vectors of {bench.dims} dimensions, {len(bench.queries)} queries")
    for engine in (numpy_scan, hnswlib, faiss, usearch, duckdb, lancedb):
        try:
            engine(bench)
        except ImportError as error:
            print(f"{engine.__name__}: skipped, {error}")


if __name__ == "__main__":
    main()
