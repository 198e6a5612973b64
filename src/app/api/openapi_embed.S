/* openapi.json as bytes between two symbols: see openapi.h. */
    .section .rodata
    .global tradewind_openapi_begin
    .global tradewind_openapi_end
tradewind_openapi_begin:
    .incbin "openapi.json"
tradewind_openapi_end:
    .byte 0
    .section .note.GNU-stack, "", @progbits
