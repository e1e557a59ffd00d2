for (const height of ["4000", Infinity, -1, 1e9]) parent.postMessage({ type: "kvs-zoo:resize", height }, "*");
parent.postMessage({ type: "something else", height: 3000 }, "*");
