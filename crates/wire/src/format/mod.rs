//! Record batches as they are on the wire and on a broker's disk. Pure functions on bytes: no sockets, no requests.
