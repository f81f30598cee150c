// SystemC's library expects the program to define sc_main; Vitruvian starts simulations itself and never calls it.
extern "C" __attribute__((visibility("default"))) int sc_main(int, char**) { return 0; }
