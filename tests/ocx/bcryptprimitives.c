// Wine before 8.15 has no bcryptprimitives.dll, which extension modules written in Rust ask for their random numbers.
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);  // RtlGenRandom

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) { return SystemFunction036(data, (ULONG)size); }
