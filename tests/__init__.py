"""Fengsui's tests."""
